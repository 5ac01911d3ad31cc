export { faultSchema } from "./api/fault.ts";
