"""PyTorch's side of the `embedded` bench: one JSON command a line in, one JSON answer a line out. Arguments: model folder,
prompts with labels (JSONL), threads. Commands: {"op": "generate"|"decode", "batch", "tokens"}, {"op": "step", "prompts",
"samples", "response"}, {"op": "iteration"}; answers: {"seconds"}.
"""

import json
import os
import sys
import tempfile
import time

import torch
import transformers
from latent_decoder import LatentDecoder, draw
from transformers import AutoTokenizer, DeepseekV3ForCausalLM, GenerationConfig

PROMPT = 18
STEPS = 4
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
transformers.logging.set_verbosity_error()


def answer(value):
    print(json.dumps(value), file=ANSWERS, flush=True)


def quickest(variants, run):
    """The variant that is quickest of three runs after one that warms up."""
    times = {}
    for variant in variants:
        try:
            run(variant)
            times[variant] = min(timed(run, variant) for _ in range(3))
        except Exception as error:  # A variant that does not run here is no contender.
            print(f"{variant}: {error}", file=sys.stderr)
    return min(times, key=times.get), times


def timed(run, *arguments):
    start = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - start


class Generation:
    """transformers' `generate`, sampling from the whole distribution, no end before `tokens`."""

    def __init__(self, folder, prompts):
        self.model = DeepseekV3ForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.model.generation_config.eos_token_id = None
        self.prompts = prompts
        self.settings = None

    def run(self, batch, tokens, variant):
        experts, cache = variant
        self.model.set_experts_implementation(experts)
        with torch.inference_mode():
            self.model.generate(
                torch.tensor(self.prompts[:batch]),
                attention_mask=torch.ones(batch, len(self.prompts[0]), dtype=torch.long),
                generation_config=GenerationConfig(
                    do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=tokens, min_new_tokens=tokens,
                    eos_token_id=None, pad_token_id=2, cache_implementation=cache, use_cache=True,
                ),
            )

    def measure(self, batch, tokens):
        if self.settings is None:
            variants = [(e, c) for e in ("eager", "grouped_mm", "batched_mm") for c in (None, "static")]
            self.settings, times = quickest(variants, lambda variant: self.run(batch, tokens, variant))
            times = {f"{e}, {c or 'dynamic'} cache": round(t, 3) for (e, c), t in times.items()}
            print(f"transformers generate: {times}", file=sys.stderr)
        return timed(self.run, batch, tokens, self.settings)


class Decoding:
    """Our own PyTorch decoding."""

    def __init__(self, model, prompts):
        self.decoder = LatentDecoder(model).eval()
        self.prompts = prompts
        self.steps = {}
        self.settings = {}

    def run(self, batch, tokens, variant):
        prompts = torch.tensor(self.prompts[:batch])
        length = prompts.shape[1]
        places = length + tokens
        step = self.compiled(variant)
        out, scores = [], []
        with torch.inference_mode():
            cache = self.decoder.cache(batch, places)
            mask = torch.full((places, places), -torch.inf).triu(1).unsqueeze(1)
            token, score = draw(self.decoder.read(prompts, cache))
            for place in range(length, places):
                out.append(token)
                scores.append(score)
                if place + 1 < places:
                    token, score = step(token, torch.tensor([place]), cache, mask)
        return torch.stack(out, 1), torch.cat(scores, 1)

    def compiled(self, variant):
        if variant == "eager":
            return self.decoder.sampled_step
        if variant not in self.steps:
            self.steps[variant] = torch.compile(self.decoder.sampled_step, dynamic=False)
        return self.steps[variant]

    def measure(self, batch, tokens):
        if batch not in self.settings:
            self.settings[batch], times = quickest(("eager", "compiled"), lambda variant: self.run(batch, tokens, variant))
            print(f"pytorch decode, batch {batch}: {times}", file=sys.stderr)
        return timed(self.run, batch, tokens, self.settings[batch])


class Training:
    """One optimizer step of transformers' model, eager: clipped-ratio loss over padded samples, gradient clipping, fused AdamW."""

    def __init__(self, folder):
        self.model = DeepseekV3ForCausalLM.from_pretrained(folder, dtype=torch.float32).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-6, betas=(0.9, 0.98), fused=True)
        self.settings = {}

    def run(self, prompts, samples, response, variant):
        """`prompts` × `samples` rows of 18 + `response` tokens; with one sample each every token is a target."""
        self.model.set_experts_implementation(variant)
        length = PROMPT + response
        tokens = torch.randint(17, 128, (prompts * samples, length))
        keep = length - 1 if samples == 1 else response
        logits = self.model(tokens, logits_to_keep=keep + 1).logits[:, :-1]
        new = torch.log_softmax(logits, -1).gather(-1, tokens[:, -keep:].unsqueeze(-1)).squeeze(-1)
        if samples == 1:
            loss = -new.mean()
        else:
            advantage = torch.randn(len(tokens), 1)
            ratio = (new - new.detach()).exp()
            loss = torch.max(-ratio * advantage, -ratio.clamp(0.8, 1.28) * advantage).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def measure(self, prompts, samples, response):
        shape = (prompts, samples, response)
        if shape not in self.settings:
            self.settings[shape], times = quickest(("eager", "grouped_mm"), lambda v: self.run(*shape, v))
            print(f"pytorch step {shape}: {times}", file=sys.stderr)
        return timed(self.run, *shape, self.settings[shape])


def iterations(folder, dataset, on_iteration):
    """TRL's GRPOTrainer: 64 prompts × 8 samples, 4 optimizer steps on them. `on_iteration(seconds)` says whether to go on."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    class Clock(TrainerCallback):
        start = time.perf_counter()

        def on_step_end(self, args, state, control, **_):
            if state.global_step % STEPS == 0:
                control.should_training_stop = not on_iteration(time.perf_counter() - self.start)
                self.start = time.perf_counter()

    def reward(completions, label, **_):
        return [float(f"\\boxed{{{right}}}" in made[0]["content"]) for made, right in zip(completions, label)]

    with tempfile.TemporaryDirectory() as scratch:
        GRPOTrainer(
            model=folder,
            reward_funcs=reward,
            train_dataset=Dataset.from_list(dataset),
            processing_class=AutoTokenizer.from_pretrained(folder),
            args=GRPOConfig(
                output_dir=scratch, use_cpu=True, bf16=False, gradient_checkpointing=False, report_to=[], disable_tqdm=True,
                save_strategy="no", logging_steps=1000, model_init_kwargs={"dtype": "float32"},
                per_device_train_batch_size=128, steps_per_generation=STEPS, num_generations=8, num_iterations=1, beta=0.0,
                max_completion_length=12, temperature=1.0, top_k=0, epsilon=0.2, epsilon_high=0.28, learning_rate=1e-6,
                loss_type="grpo", max_steps=100_000,
            ),
            callbacks=[Clock()],
        ).train()


def main(folder, file, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    with open(file) as lines:
        dataset = [json.loads(line) for line in lines]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = (tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False) for row in dataset)
    prompts = [tokens for tokens in ids if len(tokens) == PROMPT][:256]
    generation = Generation(folder, prompts)
    decoding = Decoding(generation.model, prompts)
    training = Training(folder)
    answer({"torch": torch.__version__, "transformers": transformers.__version__})

    def run(command):
        match command.pop("op"):
            case "generate":
                return generation.measure(**command)
            case "decode":
                return decoding.measure(**command)
            case "step":
                return training.measure(**command)

    def commands():
        for line in sys.stdin:
            yield json.loads(line)

    pending = commands()
    for command in pending:
        if command["op"] != "iteration":
            answer({"seconds": run(command)})
            continue

        def on_iteration(seconds):
            answer({"seconds": seconds})
            following = next(pending, None)
            while following is not None and following["op"] != "iteration":
                answer({"seconds": run(following)})
                following = next(pending, None)
            return following is not None

        iterations(folder, dataset, on_iteration)
        return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
