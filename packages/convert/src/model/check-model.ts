import { catalogueFaults, type HfModel } from "@moonlight-rl/checkpoint";
import { VerificationError } from "@moonlight-rl/core";
import { hfTensors } from "@moonlight-rl/model";

/** The tensors must be exactly those that config.json promises, each with its shape and, where one is named, its dtype. */
export function checkTensors({ config, tensors, folder }: HfModel): void {
  const wanted = new Map(hfTensors(config).map(({ name, shape }) => [name, shape]));
  for (const [name, shape] of wanted) {
    const info = tensors.get(name);
    if (info === undefined) {
      throw new VerificationError(
        "TENSOR_MISSING",
        `The model lacks ${name}, which config.json promises.`,
        {
          field: name,
          file: folder,
          hint: "Fetch the model again, or check that config.json belongs to it.",
        },
      );
    }
    if (info.shape.join() !== shape.join()) {
      throw new VerificationError(
        "TENSOR_SHAPE",
        `${name} has shape [${info.shape.join(", ")}], config.json says [${shape.join(", ")}].`,
        { field: name, file: info.file, byteOffset: info.offset },
      );
    }
  }
  for (const [name, { file }] of tensors) {
    const layer = Number(/^model\.layers\.(\d{1,6})\./.exec(name)?.[1] ?? -1);
    if (layer >= config.num_hidden_layers && config["num_nextn_predict_layers"]) {
      throw new VerificationError(
        "ARCHITECTURE_UNSUPPORTED",
        `${name} belongs to a layer for multi-token prediction (num_nextn_predict_layers), which is not supported.`,
        {
          field: name,
          file,
          hint: `Remove the tensors of layer ${layer} from the model's files: the other layers do not need them.`,
        },
      );
    }
    if (!wanted.has(name)) {
      throw new VerificationError(
        "TENSOR_UNEXPECTED",
        `${name} is not a tensor of this architecture.`,
        {
          field: name,
          file,
          hint: "It would be lost in the conversion, so nothing was converted.",
        },
      );
    }
  }
  // A config that names no dtype lets each tensor have its own, which is kept.
  if (config.torch_dtype === undefined) return;
  const odd = catalogueFaults(config, tensors).find(({ code }) => code === "TENSOR_DTYPE");
  if (odd !== undefined) {
    const { code, message, tensor, file, byteOffset } = odd;
    throw new VerificationError(code, `${message}.`, {
      field: tensor,
      ...(file === undefined ? {} : { file }),
      ...(byteOffset === undefined ? {} : { byteOffset }),
      hint: "Cast it to the dtype that config.json names, or take torch_dtype out of config.json: then each tensor keeps its own.",
    });
  }
}
