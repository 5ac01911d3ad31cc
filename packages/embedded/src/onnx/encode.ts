import type { Attribute, Constant, ElementType, Graph, GraphNode, Value } from "./graph.ts";
import { ProtobufWriter } from "./protobuf.ts";

/** Versions that ONNX Runtime 1.30 reads; field numbers below are those of onnx.proto. */
const IR_VERSION = 9;
const OPSET = 18;

const DATA_TYPE: Readonly<Record<ElementType, number>> = { float32: 1, int64: 7, bool: 9 };
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** The bytes of an ONNX `ModelProto` with this graph. */
export function encodeModel(graph: Graph): Uint8Array {
  const body = new ProtobufWriter();
  for (const node of graph.nodes) body.message(1, nodeProto(node));
  // An output needs a name of its own, so that one value can be published twice and inputs can be passed through.
  for (const { name, value } of graph.outputs) {
    body.message(
      1,
      nodeProto({
        op: "Identity",
        domain: "",
        inputs: [value.name],
        outputs: [name],
        attributes: {},
      }),
    );
  }
  body.string(2, "graph");
  for (const constant of graph.constants) body.message(5, tensorProto(constant));
  for (const input of graph.inputs) body.message(11, valueInfo(input));
  for (const { name, value } of graph.outputs) body.message(12, valueInfo({ ...value, name }));
  return new ProtobufWriter()
    .int(1, IR_VERSION)
    .string(2, "moonlight-rl")
    .message(7, body)
    .message(8, new ProtobufWriter().string(1, "").int(2, OPSET))
    .message(8, new ProtobufWriter().string(1, "com.microsoft").int(2, 1))
    .finish();
}

function nodeProto(node: GraphNode): ProtobufWriter {
  const proto = new ProtobufWriter();
  for (const name of node.inputs) proto.string(1, name);
  for (const name of node.outputs) proto.string(2, name);
  proto.string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    proto.message(5, attributeProto(name, value));
  }
  return proto.string(7, node.domain);
}

function attributeProto(name: string, value: Attribute): ProtobufWriter {
  const proto = new ProtobufWriter().string(1, name);
  if (typeof value === "number") return proto.int(3, value).int(20, ATTRIBUTE_TYPE.int);
  if (typeof value === "string") return proto.string(4, value).int(20, ATTRIBUTE_TYPE.string);
  if ("float" in value) return proto.float(2, value.float).int(20, ATTRIBUTE_TYPE.float);
  for (const element of value) proto.int(8, element);
  return proto.int(20, ATTRIBUTE_TYPE.ints);
}

function tensorProto({ value, data }: Constant): ProtobufWriter {
  const proto = new ProtobufWriter();
  for (const size of value.shape) proto.int(1, size as number);
  return proto.int(2, DATA_TYPE[value.type]).string(8, value.name).bytes(9, data);
}

function valueInfo(value: Value): ProtobufWriter {
  const shape = new ProtobufWriter();
  for (const size of value.shape) {
    const dimension = new ProtobufWriter();
    if (typeof size === "number") dimension.int(1, size);
    else dimension.string(2, size);
    shape.message(1, dimension);
  }
  const tensor = new ProtobufWriter().int(1, DATA_TYPE[value.type]).message(2, shape);
  return new ProtobufWriter()
    .string(1, value.name)
    .message(2, new ProtobufWriter().message(1, tensor));
}
