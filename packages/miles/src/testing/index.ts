export { FakeJob, JobsServer, type JobsServerOptions } from "./jobs-server.ts";
export { writeTestIteration, type TestIteration } from "./checkpoints.ts";
