"""What the reference's own functions give for random inputs: losses, advantages, schedules, orders. CPU, float32.

    python record_grpo.py --miles CHECKOUT [--out FOLDER] [--seed N]

Only calls code of the checkout (packages of its GPU image that it imports and that are not needed here are stood in for)
and writes inputs and results as JSON, one file per subject. The tests of `@moonlight-rl/embedded` hold the engine to them.
"""

import argparse
import json
import os
import random
import sys
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

os.environ["TORCHDYNAMO_DISABLE"] = "1"  # the checkout compiles some of its functions; eager gives the same numbers

import torch
import torch.distributed as dist

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools/interop/torch-dist"))
import absent_packages  # noqa: E402

RESPONSES = [4, 1, 6, 3, 5, 2]
PROMPT = 2
POLICY = dict(
    advantage_estimator="grpo",
    use_rollout_logprobs=False,
    entropy_coef=0.0,
    observe_training_entropy=True,
    use_opsm=False,
    opsm_delta=1e-4,
    eps_clip=0.2,
    eps_clip_high=0.28,
    eps_clip_c=None,
    qkv_format="thd",
    get_mismatch_metrics=False,
    use_tis=False,
    tis_clip=2.0,
    tis_clip_low=0.0,
    custom_tis_function_path=None,
    custom_pg_loss_reducer_function_path=None,
    calculate_per_token_loss=False,
    use_kl_loss=False,
    kl_loss_coef=0.0,
    kl_loss_type="k1",
    use_unbiased_kl=False,
    loss_type="policy_loss",
    recompute_loss_function=False,
    allgather_cp=False,
)
KL = dict(use_kl_loss=True, kl_loss_coef=0.3)
POLICIES = {
    "plain": {},
    "dual clip": dict(eps_clip_c=3.0),
    "k1": KL,
    "k2": KL | dict(kl_loss_type="k2"),
    "k3": KL | dict(kl_loss_type="k3"),
    "low_var_kl": KL | dict(kl_loss_type="low_var_kl"),
    "low_var_kl, only reported": dict(use_kl_loss=True, kl_loss_type="low_var_kl"),
    "k1, unbiased": KL | dict(use_unbiased_kl=True),
    "k3, unbiased": KL | dict(kl_loss_type="k3", use_unbiased_kl=True),
    "low_var_kl, unbiased": KL | dict(kl_loss_type="low_var_kl", use_unbiased_kl=True),
    "entropy": dict(entropy_coef=0.05),
    "per token": dict(calculate_per_token_loss=True, entropy_coef=0.01),
    "gspo": dict(advantage_estimator="gspo", eps_clip=0.05, eps_clip_high=0.07),
    "gspo, dual clip, per token": dict(advantage_estimator="gspo", eps_clip_c=1.5, calculate_per_token_loss=True),
    "tis": dict(use_tis=True),
    "tis, narrow": dict(use_tis=True, tis_clip=1.1, tis_clip_low=0.9),
    "opsm": dict(use_opsm=True),
    "opsm, gspo": dict(use_opsm=True, opsm_delta=0.1, advantage_estimator="gspo"),
    "rollout log-probs": dict(use_rollout_logprobs=True),
    "all at once": KL
    | dict(eps_clip_c=2.0, use_tis=True, use_opsm=True, entropy_coef=0.02, kl_loss_type="low_var_kl", calculate_per_token_loss=True),
}


def numbers(value):
    if isinstance(value, torch.Tensor):
        return numbers(value.detach().double().tolist())
    if isinstance(value, (list, tuple)):
        return [numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    return float(f"{value:.9g}") if isinstance(value, float) else value


def install_parallel_state() -> None:
    from miles.backends.training_utils.parallel import ParallelState, set_parallel_state
    from miles.utils.ft_utils.process_group_utils import GroupInfo

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    group = GroupInfo(rank=0, size=1, group=dist.group.WORLD, gloo_group=dist.group.WORLD)
    fields = ("intra_dp", "intra_dp_cp", "cp", "tp", "pp", "ep", "etp", "indep_dp")
    set_parallel_state(ParallelState(**{name: group for name in fields}))


def per_token(scale: float) -> list[torch.Tensor]:
    return [torch.randn(count) * scale for count in RESPONSES]


def policy_batch() -> dict:
    new = [-x.abs() * 2 for x in per_token(1)]
    old = [a + b for a, b in zip(new, per_token(0.25))]
    rollout = [a + b for a, b in zip(old, per_token(0.2))]
    reference = [a + b for a, b in zip(new, per_token(0.7))]
    # Beyond every clamp, in both directions.
    old[2][1] += 30
    old[4][2] -= 30
    reference[0][1] -= 25
    reference[2][3] += 25
    reference[4][0] += 3
    masks = [torch.ones(count, dtype=torch.int64) for count in RESPONSES]
    masks[2][2:4] = 0
    masks[3][:] = 0
    masks[5][0] = 0
    advantages = [torch.full((count,), x) for count, x in zip(RESPONSES, [1.2, -0.7, 0.4, -1.1, -2.0, 0.9])]
    return dict(new=new, old=old, rollout=rollout, reference=reference, masks=masks, advantages=advantages, entropy=[x.abs() for x in per_token(1)])


def record_policy() -> dict:
    from miles.backends.training_utils import loss as loss_module
    from miles.backends.training_utils.loss_hub import losses

    inputs = policy_batch()
    totals = [count + PROMPT for count in RESPONSES]
    cases = []
    for name, changes in POLICIES.items():
        args = Namespace(**(POLICY | changes))
        new = [x.clone().requires_grad_() for x in inputs["new"]]
        entropy = [x.clone().requires_grad_() for x in inputs["entropy"]]
        losses.get_log_probs_and_entropy = lambda *_a, **_k: dict(log_probs=new, entropy=entropy)  # noqa: B023
        batch = dict(
            advantages=inputs["advantages"],
            log_probs=inputs["old"],
            rollout_log_probs=inputs["rollout"],
            ref_log_probs=inputs["reference"],
            response_lengths=RESPONSES,
            total_lengths=totals,
            loss_masks=inputs["masks"],
            rollout_mask_sums=[mask.sum() for mask in inputs["masks"]],
            unconcat_tokens=None,
        )
        scaled, normalizer, log = loss_module.loss_function(args, batch, 1, torch.zeros(1, 1, 1), num_rollouts=len(RESPONSES))
        final = scaled / normalizer
        final.backward()
        count = float(log["values"][0]) if args.calculate_per_token_loss else len(RESPONSES)
        cases.append(
            dict(
                name=name,
                args=changes,
                loss=final,
                metrics={key: float(value) / count for key, value in zip(log["keys"], log["values"][1:])},
                logProbGradient=[x.grad if x.grad is not None else torch.zeros_like(x) for x in new],
                entropyGradient=[x.grad if x.grad is not None else torch.zeros_like(x) for x in entropy],
            )
        )
    return numbers(dict(prompt=PROMPT, inputs=inputs, defaults=POLICY, cases=cases))


def record_advantages() -> dict:
    from miles.backends.training_utils.loss import compute_advantages_and_returns
    from miles.ray.rollout.train_data_conversion import _post_process_rewards

    class Graded(SimpleNamespace):
        def get_reward_value(self, _args):
            return self.reward

    groups = [[1, 0, 0, 1], [0.3, 0.1, 0.9, 0.25], [1, 1, 1, 1], [-1, -1, 1, -1], [0, 0, 0, 0.001]]
    normalised = []
    for estimator in ("grpo", "gspo", "reinforce_plus_plus", "reinforce_plus_plus_baseline"):
        for std in (True, False):
            for norm in (True, False):
                args = Namespace(
                    advantage_estimator=estimator,
                    rewards_normalization=norm,
                    grpo_std_normalization=std,
                    n_samples_per_prompt=4,
                    rollout_batch_size=len(groups),
                )
                samples = [Graded(reward=reward) for group in groups for reward in group]
                _, rewards = _post_process_rewards(args, samples, None)
                normalised.append(dict(estimator=estimator, std=std, normalization=norm, rewards=rewards))

    inputs = policy_batch()
    inputs["masks"][3][:2] = 1
    rewards = [0.8, -0.3, 1.4, -0.6, 0.1, -1.2]
    cases = []
    for estimator in ("grpo", "gspo", "reinforce_plus_plus", "reinforce_plus_plus_baseline"):
        for changes in (dict(), dict(kl_coef=0.2, kl_loss_type="k2"), dict(gamma=0.8, kl_coef=0.1), dict(normalize_advantages=True, kl_coef=0.05)):
            settings = dict(kl_coef=0.0, kl_loss_type="k1", gamma=1.0, normalize_advantages=False) | changes
            args = Namespace(advantage_estimator=estimator, use_rollout_logprobs=False, use_opd=False, qkv_format="thd", lambd=1.0, **settings)
            data = dict(
                log_probs=[x.clone() for x in inputs["old"]],
                ref_log_probs=[x.clone() for x in inputs["reference"]],
                rewards=rewards,
                loss_masks=inputs["masks"],
                response_lengths=RESPONSES,
                total_lengths=[count + PROMPT for count in RESPONSES],
            )
            compute_advantages_and_returns(args, data)
            cases.append(dict(estimator=estimator, settings=settings, advantages=data["advantages"]))
    return numbers(
        dict(groups=groups, normalised=normalised, masks=inputs["masks"], logProbs=inputs["old"], reference=inputs["reference"], rewards=rewards, cases=cases)
    )


def record_token_scores() -> dict:
    from miles.backends.training_utils.loss_hub.math_utils import compute_entropy_from_logits

    logits = (torch.randn(5, 7) * 2).requires_grad_()
    tokens = torch.tensor([3, 0, 6, 6, 1])
    weights = torch.randn(2, 5)
    scaled = logits / 0.7
    entropy = compute_entropy_from_logits(scaled.clone(), dist.group.WORLD)
    log_probs = torch.log_softmax(scaled, -1).gather(1, tokens[:, None])[:, 0]
    (weights[0] @ log_probs + weights[1] @ entropy).backward()
    return numbers(
        dict(temperature=0.7, logits=logits, tokens=tokens.tolist(), weights=weights, logProbs=log_probs, entropy=entropy, gradient=logits.grad)
    )


def record_schedules() -> list:
    from miles.utils.dp_schedule import build_dp_schedule

    cases = []
    generator = random.Random(5)
    for ranks, count, batch, limit, balance in [
        (1, 24, 8, 40, False),
        (1, 24, 12, 64, True),
        (2, 24, 12, 40, False),
        (2, 32, 16, 64, True),
        (4, 33, 16, 50, True),
        (4, 16, 16, 1000, True),
        (4, 16, 8, 20, False),
        (2, 32, 16, None, True),
        (4, 32, 16, None, False),
    ]:
        lengths = [generator.randint(3, 45) for _ in range(count)]
        args = Namespace(use_dynamic_batch_size=limit is not None, max_tokens_per_gpu=limit, micro_batch_size=2, balance_data=balance, balance_by_flops=False)
        parallel = dict(dp_size=ranks, cp_size=1, vpp_size=1, microbatch_group_size_per_vp_stage=None)
        partitions, batches, per_rank, _ = build_dp_schedule(args, parallel, lengths, global_batch_size=batch, rollout_indices=list(range(count)))
        cases.append(
            dict(ranks=ranks, lengths=lengths, globalBatchSize=batch, maxTokens=limit, balance=balance, partitions=partitions, microBatches=batches, counts=per_rank)
        )
    return cases


def record_data() -> dict:
    from miles.rollout.data_source import RolloutDataSource
    from miles.rollout.filter_hub.dynamic_sampling_filters import check_reward_nonzero_std
    from miles.utils.data import Dataset
    from miles.utils.metric_utils import compute_pass_rate, compute_statistics
    from miles.utils.types import Sample

    orders = []
    for seed, size, takes in [(42, 23, [10, 10, 10, 23, 5]), (1234, 100, [64, 64, 64]), (0, 7, [7, 7, 3]), (2**31, 12, [5, 5, 5])]:
        dataset = Dataset.__new__(Dataset)
        dataset.origin_samples = dataset.samples = [Sample(prompt=str(i)) for i in range(size)]
        dataset.seed, dataset.epoch_id = seed, -1
        source = RolloutDataSource.__new__(RolloutDataSource)
        source.args = Namespace(rollout_shuffle=True, n_samples_per_prompt=1)
        source.dataset = dataset
        source.epoch_id = source.sample_group_index = source.sample_index = source.sample_offset = 0
        dataset.shuffle(0)
        taken = [[int(group[0].prompt) for group in source.get_samples(count)] for count in takes]
        orders.append(dict(seed=seed, size=size, takes=takes, taken=taken, epoch=source.epoch_id, offset=source.sample_offset))

    filters = []
    for rewards in ([1, 1, 1], [0, 0], [0, 1, 0], [0.25, 0.25], [0.75, 0.75, 0.75], [-1, -1], [0.1, 0.1 + 1e-7], [0.1, 0.1 + 1e-9], [1], [0.3, 0.3]):
        output = check_reward_nonzero_std(Namespace(reward_key=None), [Sample(reward=reward) for reward in rewards])
        filters.append(dict(rewards=rewards, keep=bool(output.keep), reason=output.reason))

    rewards = [1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0.5, 0, 1]
    return dict(
        orders=orders,
        filters=filters,
        passRate=dict(rewards=rewards, size=8, rates=numbers({k: float(v) for k, v in compute_pass_rate(rewards, 8).items()})),
        statistics=[dict(values=values, **compute_statistics(values)) for values in ([3, 9, 1, 1], [4, 1, 7])],
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "packages/embedded/golden/grpo")
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    sys.path.insert(0, str(options.miles))
    absent_packages.install()
    install_parallel_state()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, record in {
        "policy": record_policy,
        "advantages": record_advantages,
        "token-scores": record_token_scores,
        "schedules": record_schedules,
        "data": record_data,
    }.items():
        torch.manual_seed(options.seed)
        (options.out / f"{name}.json").write_text(json.dumps(record()) + "\n")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
