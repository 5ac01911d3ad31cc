// Ours: SOURCE TARGET. Reads safetensors, writes torch_dist with CRCs and sha256, scans for NaN, reads back, syncs.
import {
  megatronArgs,
  megatronSources,
  openHfModel,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";

const [source, target] = process.argv.slice(2);
const model = await openHfModel(source);
await writeTorchDist(target, {
  iteration: "release",
  tensors: megatronSources(model.config, {
    dtypeOf: (name) => model.dtypeOf(name),
    read: (name) => model.blocks(name),
    stored: (name) => model.stored(name),
  }),
  args: megatronArgs(model.config),
  finiteHint: "The synthetic model must be finite.",
});
