export { startFaultServer, type Fault, type FaultServer } from "./fault-server.ts";
export { makeRepo, seededBytes } from "./repo-fixture.ts";
export { quickClient } from "./quick-client.ts";
