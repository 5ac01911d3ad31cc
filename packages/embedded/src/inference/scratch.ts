import type { HfConfig } from "@moonlight-rl/model";
import { PANEL } from "../kernels/linear.ts";
import type { Arena } from "./arena.ts";
import { roundUp, type Dims } from "./plan.ts";

/** Rows that a thread takes through the layers together: enough to load weights seldom, few enough to stay in its cache. */
export const ROWS = 64;
const WORD = 4;

/** Where one thread keeps what it works on, addresses. */
export interface Scratch {
  /** [ROWS, hidden]: the residual stream, and what is normalised of it. */
  readonly x: number;
  readonly normalised: number;
  /** [ROWS, projected] */
  readonly projected: number;
  /** With q_lora_rank: the normalised query latent, [ROWS, queryLatent]. */
  readonly queryLatent: number;
  /** [ROWS, queryStride]; without q_lora_rank a part of `projected`. */
  readonly queries: number;
  readonly queryStride: number;
  /** [ROWS, heads · latent] */
  readonly context: number;
  /** [ROWS, logitsStride]: the router's. */
  readonly logits: number;
  readonly logitsStride: number;
  /** [ROWS · experts per token, inner] */
  readonly inner: number;
  /** Tables of row addresses and factors, int32 or float32 each, `tableLength` long. */
  readonly tables: number;
  readonly tableLength: number;
}

export const TABLES = 16;

/** Takes the memory that one thread needs. Throws `ENGINE_MEMORY`. */
export function planScratch(config: HfConfig, dims: Dims, arena: Arena): Scratch {
  const { num_attention_heads: heads } = config;
  const rows = (columns: number, count = ROWS): number => arena.allocate(count * columns * WORD);
  const copies = ROWS * Math.max(1, config.num_experts_per_tok);
  const logitsStride = roundUp(config.n_routed_experts, PANEL);
  const projected = rows(dims.projected);
  const queryStride = dims.queryLatent === 0 ? dims.projected : roundUp(heads * dims.key, PANEL);
  const tableLength = Math.max(copies, ROWS * heads);
  return {
    x: rows(dims.hidden),
    normalised: rows(dims.hidden),
    projected,
    queryLatent: dims.queryLatent === 0 ? 0 : rows(dims.queryLatent),
    queries: dims.queryLatent === 0 ? projected : rows(queryStride),
    queryStride,
    context: rows(heads * dims.latent),
    logits: rows(logitsStride),
    logitsStride,
    inner: rows(dims.inner, copies),
    tables: rows(tableLength, TABLES),
    tableLength,
  };
}
