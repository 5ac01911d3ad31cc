import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { resolveRecipe, type Recipe } from "@moonlight-rl/recipe";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderArgv } from "../render-argv.ts";
import { validateArgv } from "../argv/validate-argv.ts";
import { argumentLines } from "./argument-lines.ts";
import { kuberayManifest } from "./kuberay-manifest.ts";
import { launchPlan, type LaunchPlan } from "./launch-plan.ts";
import { launchScript } from "./launch-script.ts";
import { rayJobRequest } from "./ray-job.ts";
import { shellLine } from "./shell-quote.ts";
import { slurmScript } from "./slurm-script.ts";

const run = promisify(execFile);
const bash = (script: string, env: NodeJS.ProcessEnv = process.env) =>
  run("bash", ["-c", script], { env });

function recipeOf(...set: string[]): Recipe {
  return resolveRecipe({ profile: "moonlight-16b-a3b", root: "/root", set }).recipe;
}

function planOf(...set: string[]): LaunchPlan {
  const recipe = recipeOf(...set);
  const argv = renderArgv(recipe, MOONLIGHT_16B_A3B);
  return launchPlan(recipe, argv, validateArgv(argv, { hfConfig: { ...MOONLIGHT_16B_A3B } }));
}

/** What a shell makes of a line. */
async function words(line: string): Promise<string[]> {
  const { stdout } = await bash(`printf '%s\\0' ${line}`);
  return stdout.split("\0").slice(0, -1);
}

describe("launchPlan", () => {
  it.each([
    [[], 8, 1, 8],
    [["cluster.actorNumNodes=2"], 16, 2, 8],
    [["cluster.colocate=false", "cluster.rolloutNumGpus=8"], 16, 2, 8],
    [["debug.rolloutOnly=true", "cluster.rolloutNumGpus=8"], 8, 1, 8],
    [["debug.trainOnly=true", "debug.loadRolloutData=/d/{rollout_id}.pt"], 8, 1, 8],
    [
      [
        "cluster.actorNumGpusPerNode=4",
        "parallelism.expertModelParallelSize=4",
        "sglang.numGpusPerEngine=4",
      ],
      4,
      1,
      4,
    ],
  ])("takes the GPUs that miles would ask for: %j", (set, gpus, nodes, gpusPerNode) => {
    expect(planOf(...set)).toMatchObject({ gpus, nodes, gpusPerNode });
  });

  it("says nothing of an argv that miles refuses", () => {
    const recipe = recipeOf();
    const argv = ["--nosuch"];
    expect(() => launchPlan(recipe, argv, validateArgv(argv))).toThrow(
      expect.objectContaining({ code: "LAUNCH_GPUS_UNKNOWN", exitCode: 2 }),
    );
  });
});

describe("quoting", () => {
  it("gives bash any words exactly", async () => {
    const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1 }), async (list) => {
        const clean = list.map((text) => Buffer.from(text).toString());
        expect(await words(shellLine(clean))).toEqual(clean);
      }),
      { numRuns: 40 },
    );
  });

  it("gives bash the argv exactly, one flag a line under the groups of the recipe", async () => {
    const { argv } = planOf();
    const lines = argumentLines(argv);
    const { stdout } = await bash(`args=(\n${lines.join("\n")}\n)\nprintf '%s\\0' "\${args[@]}"`);
    expect(stdout.split("\0").slice(0, -1)).toEqual(argv);
    expect(lines).toContain("  --eval-prompt-data aime /root/aime-2024/aime-2024.jsonl");
    expect(lines.filter((line) => line === "  # optimizer")).toHaveLength(1);
  });
});

describe("rayJobRequest", () => {
  it("is the command as one line for a shell, with the environment of the job", async () => {
    const plan = planOf("runtime.nvls=on", "runtime.env={A: x y}");
    const { entrypoint, runtime_env } = rayJobRequest(plan);
    expect(await words(entrypoint)).toEqual(["python3", "/root/miles/train.py", ...plan.argv]);
    expect(runtime_env.env_vars).toEqual({
      PYTHONPATH: "/root/Megatron-LM/",
      CUDA_DEVICE_MAX_CONNECTIONS: "1",
      NCCL_NVLS_ENABLE: "1",
      A: "x y",
    });
    expect(rayJobRequest(planOf()).runtime_env.env_vars["NCCL_NVLS_ENABLE"]).toBe("0");
  });
});

interface Manifest {
  metadata: object;
  spec: {
    entrypoint: string;
    runtimeEnvYAML: string;
    activeDeadlineSeconds?: number;
    rayClusterSpec: {
      headGroupSpec: { template: { spec: object } };
      workerGroupSpecs?: { replicas: number }[];
    };
  };
}

describe("kuberayManifest", () => {
  it("asks for whole nodes, a head with GPUs and the others as workers", async () => {
    const plan = planOf(
      "cluster.actorNumNodes=4",
      "launch.image=registry/miles:1",
      "launch.mounts=models:/root,/scratch:/tmp/s",
      "launch.timeLimitMinutes=90",
      "launch.kubeNamespace=rl",
      "cluster.hostMemoryGib=1500",
    );
    const { metadata, spec } = parse(kuberayManifest(plan)) as Manifest;
    expect(metadata).toEqual({ name: "moonlight-16b-a3b", namespace: "rl" });
    expect(await words(spec.entrypoint)).toEqual(plan.command);
    expect(parse(spec.runtimeEnvYAML)).toEqual(rayJobRequest(plan).runtime_env);
    expect(spec.activeDeadlineSeconds).toBe(5400);
    expect(spec.rayClusterSpec.workerGroupSpecs).toMatchObject([{ replicas: 3 }]);
    const amounts = { "nvidia.com/gpu": 8, memory: "1500Gi" };
    expect(spec.rayClusterSpec.headGroupSpec.template.spec).toEqual({
      containers: [
        {
          name: "ray-head",
          image: "registry/miles:1",
          workingDir: "/root/miles",
          resources: { requests: amounts, limits: amounts },
          volumeMounts: [
            { name: "dshm", mountPath: "/dev/shm" },
            { name: "mount-0", mountPath: "/root" },
            { name: "mount-1", mountPath: "/tmp/s" },
          ],
        },
      ],
      volumes: [
        { name: "dshm", emptyDir: { medium: "Memory" } },
        { name: "mount-0", persistentVolumeClaim: { claimName: "models" } },
        { name: "mount-1", hostPath: { path: "/scratch", type: "Directory" } },
      ],
    });
  });

  it("needs an image", () => {
    expect(() => kuberayManifest(planOf())).toThrow(
      expect.objectContaining({ code: "LAUNCH_IMAGE_MISSING", field: "launch.image" }),
    );
  });
});

/** A program of that name; each call's arguments become a file of their own, since calls may be at the same time. */
async function standIn(folder: string, name: string, body: string): Promise<void> {
  const path = join(folder, name);
  const calls = shellLine([`${path}.calls`]);
  await mkdir(`${path}.calls`, { recursive: true });
  await writeFile(
    path,
    `#!/usr/bin/env bash\nprintf '%s\\0' "$@" >${calls}/"$EPOCHREALTIME.$$"\n${body}\n`,
  );
  await chmod(path, 0o755);
}

describe("scripts", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "launch-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const start = async (
    text: string,
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number; stderr: string }> => {
    const script = join(folder, "script.sh");
    await writeFile(script, text);
    return await run("bash", [script], {
      env: { PATH: `${folder}:${process.env["PATH"] ?? ""}`, ...env },
    }).then(
      ({ stderr }) => ({ code: 0, stderr }),
      (error: { code: number; stderr: string }) => ({ code: error.code, stderr: error.stderr }),
    );
  };
  const calls = async (name: string): Promise<string[][]> => {
    const place = join(folder, `${name}.calls`);
    const files = (await readdir(place)).toSorted();
    const texts = await Promise.all(files.map((file) => readFile(join(place, file), "utf8")));
    return texts.map((text) => text.split("\0").slice(0, -1));
  };

  /** A job server that knows one job once it is submitted, and its state. */
  const cluster = async (state: string): Promise<void> => {
    const known = shellLine([join(folder, "known")]);
    // GPUs have joined when head and workers were started.
    const joined = `while [[ $1 == - && $(ls ${shellLine([join(folder, "ray.calls")])} | wc -l) -lt 2 ]]; do /bin/sleep 0.05; done`;
    await standIn(folder, "ray", `[[ "$*" == *"job submit"* ]] && touch ${known}; exit 0`);
    await standIn(
      folder,
      "python3",
      `${joined}; [[ $1 == - ]] || { [[ -e ${known} ]] && echo ${state}; }`,
    );
    await standIn(folder, "sleep", "");
  };
  const there = { RAY_ADDRESS: "http://127.0.0.1:1", SUBMISSION_ID: "job-1" };

  it("submits to a cluster that runs, with the argv and environment exactly", async () => {
    await cluster("SUCCEEDED");
    const plan = planOf(
      "runtime.nvls=on",
      "runtime.env={A: it's}",
      "checkpoint.save=/nowhere/save",
    );
    const { code, stderr } = await start(launchScript(plan), there);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [submit = [], logs] = await calls("ray");
    const dashes = submit.indexOf("--");
    expect(submit.slice(dashes + 1)).toEqual(plan.command);
    expect(submit.slice(0, dashes - 1)).toEqual(
      "job submit --address http://127.0.0.1:1 --submission-id job-1 --no-wait --runtime-env-json".split(
        " ",
      ),
    );
    expect(JSON.parse(submit[dashes - 1] ?? "")).toEqual(rayJobRequest(plan).runtime_env);
    expect(logs).toEqual("job logs --address http://127.0.0.1:1 --follow job-1".split(" "));
  });

  it("detects NVLink on the machine", async () => {
    await cluster("SUCCEEDED");
    await standIn(folder, "nvidia-smi", 'echo "GPU0 X NV18"');
    const { code } = await start(launchScript(planOf("checkpoint.save=/nowhere/save")), there);
    expect(code).toBe(0);
    const [submit = []] = await calls("ray");
    const environment = JSON.parse(submit[submit.indexOf("--") - 1] ?? "") as {
      env_vars: Record<string, string>;
    };
    expect(environment.env_vars["NCCL_NVLS_ENABLE"]).toBe("1");
  });

  it("follows a job that is there already instead of submitting it twice", async () => {
    await cluster("SUCCEEDED");
    await writeFile(join(folder, "known"), "");
    expect((await start(launchScript(planOf()), there)).code).toBe(0);
    expect((await calls("ray")).map((call) => call[1])).toEqual(["logs"]);
  });

  it.each(["FAILED", "STOPPED"])("ends with 1 for a job that has %s", async (state) => {
    await cluster(state);
    const { code, stderr } = await start(launchScript(planOf()), there);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `job job-1: ${state}\n` });
  });

  it("ends with 5 when the job succeeds and has saved nothing, with 0 when it has", async () => {
    await cluster("SUCCEEDED");
    const script = launchScript(planOf(`checkpoint.save=${folder}/`));
    await writeFile(join(folder, "latest_checkpointed_iteration.txt"), "19");
    await bash(`touch -d '1 hour ago' ${join(folder, "latest_checkpointed_iteration.txt")}`);
    const { code, stderr } = await start(script, there);
    expect({ code, stderr }).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("took no step"),
    });
    await rm(join(folder, "known"));
    await bash(`touch -d '1 hour' ${join(folder, "latest_checkpointed_iteration.txt")}`);
    expect((await start(script, there)).code).toBe(0);
  });

  it("gives up when the job server is gone", async () => {
    await standIn(folder, "ray", "");
    await standIn(folder, "python3", "exit 1");
    await standIn(folder, "sleep", "");
    const { code, stderr } = await start(launchScript(planOf()), there);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: "the job server at http://127.0.0.1:1 is gone\n",
    });
  });

  it("starts nothing where there are too few GPUs, or several nodes are needed", async () => {
    await standIn(folder, "nvidia-smi", "echo 'GPU 0: H100'");
    await standIn(folder, "ray", "");
    expect(await start(launchScript(planOf()))).toEqual({
      code: 3,
      stderr: "this recipe takes 8 GPUs, and nvidia-smi lists 1\n",
    });
    const { code, stderr } = await start(launchScript(planOf("cluster.actorNumNodes=2")));
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("2 nodes"),
    });
    expect(await calls("ray")).toEqual([]);
  });

  it("kills nothing by name, and opens no dashboard to the network", () => {
    for (const text of [
      launchScript(planOf()),
      slurmScript(planOf("cluster.actorNumNodes=2", "launch.image=x")),
    ]) {
      expect(text).not.toMatch(/pkill|killall|ray stop|0\.0\.0\.0/);
      expect(text).toContain("--dashboard-host=127.0.0.1");
    }
  });

  it("runs in a Slurm allocation: head, workers, GPUs waited for, the job on the head", async () => {
    await cluster("SUCCEEDED");
    await standIn(folder, "scontrol", "printf 'n1\\nn2\\nn3\\nn4\\n'");
    const drop = "while [[ $1 == -* ]]; do shift; done";
    await standIn(
      folder,
      "srun",
      `[[ "$*" == *hostname* ]] && { echo 10.0.0.1; exit; }; ${drop}; exec "$@"`,
    );
    const plan = planOf(
      "cluster.actorNumNodes=4",
      "checkpoint.save=/nowhere/save",
      "launch.slurmPartition=gpu",
      "launch.slurmOptions=--qos=high",
      "launch.timeLimitMinutes=600",
    );
    const text = slurmScript(plan);
    expect(text).toContain("#SBATCH --nodes=4\n");
    expect(text).toContain("#SBATCH --time=600\n#SBATCH --partition=gpu\n#SBATCH --qos=high\n");
    // A port that nothing listens on would be waited for.
    const { code, stderr } = await start(text.replace("{1..120}", "{1..1}"), {
      SLURM_JOB_NODELIST: "n[1-4]",
      SUBMISSION_ID: "job-2",
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rays = (await calls("ray")).map((call) => call.slice(0, 2).join(" "));
    expect(rays.toSorted()).toEqual(["job logs", "job submit", "start --block", "start --head"]);
    const submit = (await calls("ray")).find((call) => call[1] === "submit") ?? [];
    expect(submit.slice(submit.indexOf("--") + 1)).toEqual(plan.command);
    const workers = (await calls("srun")).find((call) => call.includes("--nodes=3"));
    expect(workers).toContain("--exclude=n1");
  });
});
