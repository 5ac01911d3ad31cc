export { FakeJob, JobsServer, type JobsServerOptions } from "./jobs-server.ts";
export { writeTestIteration, type TestIteration } from "./checkpoints.ts";
export { standIn, type StandInMode, type StandInOptions } from "./stand-in.ts";
