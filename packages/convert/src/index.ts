export { convert, toHf, toTorchDist } from "./stage.ts";
