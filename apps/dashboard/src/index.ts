export { isLoopback, serveDashboard, type Dashboard, type DashboardOptions } from "./http/serve.ts";
