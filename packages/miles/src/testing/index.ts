export { FakeJob, JobsServer, type JobsServerOptions } from "./jobs-server.ts";
