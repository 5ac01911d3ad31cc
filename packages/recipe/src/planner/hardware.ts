/** A GPU as its data sheet describes it. */
export interface Gpu {
  readonly name: string;
  /** Memory that the driver reports (nvidia-smi), bytes. */
  readonly memoryBytes: number;
  /** Dense bfloat16 operations per second. */
  readonly flops: number;
  /** Bytes per second between the GPU and its memory. */
  readonly memoryBandwidth: number;
  /** Bytes per second to the host, one direction. */
  readonly hostBandwidth: number;
}

const MIB = 2 ** 20;

export const GPU_TYPES = ["a100-80", "h20-96", "h100-80", "h200-141", "b200-180"] as const;
export type GpuType = (typeof GPU_TYPES)[number];

/** Source: NVIDIA's data sheets; memory as nvidia-smi reports it. */
export const GPUS: Readonly<Record<GpuType, Gpu>> = {
  "a100-80": gpu("A100 80 GB", 81_920, 312, 2.04, 25),
  "h20-96": gpu("H20 96 GB", 97_871, 148, 4, 50),
  "h100-80": gpu("H100 80 GB", 81_559, 989, 3.35, 50),
  "h200-141": gpu("H200 141 GB", 143_771, 989, 4.8, 50),
  "b200-180": gpu("B200 180 GB", 183_359, 2250, 8, 50),
};

function gpu(
  name: string,
  mib: number,
  teraflops: number,
  terabytes: number,
  gigabytes: number,
): Gpu {
  return {
    name,
    memoryBytes: mib * MIB,
    flops: teraflops * 1e12,
    memoryBandwidth: terabytes * 1e12,
    hostBandwidth: gigabytes * 1e9,
  };
}
