"""Dashboard files by the reference's own store: what `--use-miles-dashboard` leaves behind."""

import argparse
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import stubs

parser = argparse.ArgumentParser()
parser.add_argument("--miles", required=True)
parser.add_argument("--out", required=True)
options = parser.parse_args()
stubs.install(options.miles)

from miles.dashboard import store as dashboard

START = 1786449600.0  # 2026-08-11 12:00:00 UTC

store = dashboard.MetricStore(Path(options.out))
store.write_meta(dashboard.Meta(run_name="run", start_ts=START, args={"num_rollout": 2}))
node = "10.0.0.1"
store.append(
    dashboard.TopologySnapshot(
        ts=START,
        engines=[dashboard.EngineInfo("http://10.0.0.1:15000", "regular", 0, [[node, 0]], ["GPU-0"])],
    )
)
for rollout in range(2):
    at = START + 3590 * rollout
    store.append(
        dashboard.PhaseEvent("rollout", at, dashboard.PhaseEvent.OPEN_T1, node, [], -1, dashboard.Role.ROLLOUT_MANAGER)
    )
    store.append(dashboard.PhaseEvent("rollout", at, at + 20, node, [], -1, dashboard.Role.ROLLOUT_MANAGER))
    store.append(dashboard.PhaseEvent("actor_train", at + 20, at + 30, node, [0], 0, dashboard.Role.TRAIN))
    store.append(dashboard.DataBufferSample(at, 3 + rollout))
    store.append(dashboard.TrajectoryEvent(at, "gen_start", 7, 1, 1, "1", 'a "quoted" detail'))
    store.append(dashboard.EngineSample(at, "http://10.0.0.1:15000", "sglang_num_running_reqs", {"tp_rank": "0"}, math.inf))
    store.append(dashboard.GpuProcessSample(at, node, 0, 4711, "ray::MegatronTrainRayActor", 5120))
    for second in range(3):
        store.append(dashboard.GpuSample(at + second, node, 0, 90 - 90 * rollout, 71234, 650))
    store.append(
        dashboard.MetricsRecord(
            at + 30,
            "rollout/step",
            rollout,
            {"rollout/raw_reward": 0.5, "rollout/log_probs": math.nan, "rollout/returns": -math.inf, "rollout/step": rollout},
        )
    )
store.flush()
