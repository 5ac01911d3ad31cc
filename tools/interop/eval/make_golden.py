"""What NumPy and SciPy say of seeded cases: the golden file of the statistics of `@moonlight-rl/eval`."""

from itertools import combinations
from math import comb

import numpy as np
from scipy import stats

rng = np.random.default_rng(20260811)


def quantiles():
    for degrees in [1, 2, 3, 7, 29, 30, 99, 399, 9999]:
        for probability in [0.025, 0.2, 0.6, 0.8, 0.9, 0.975, 0.995, 0.9999]:
            yield {
                "degrees": degrees,
                "probability": probability,
                "t": float(stats.t.ppf(probability, degrees)),
            }


def clusters():
    for problems, most in [(2, 1), (5, 4), (30, 8), (400, 4)]:
        for equal in (True, False):
            rows = []
            for _ in range(problems):
                n = most if equal else int(rng.integers(1, most + 1))
                rows.append([int(x) for x in rng.random(n) < rng.random()])
            flat = np.concatenate([np.array(row, float) for row in rows])
            mean = float(flat.mean())
            if mean in (0.0, 1.0):
                continue
            # Cluster-robust variance of a mean with the finite-cluster correction G / (G - 1).
            meat = sum(float((np.array(row, float) - mean).sum()) ** 2 for row in rows)
            error = (meat * problems / (problems - 1)) ** 0.5 / len(flat)
            low, high = stats.t.interval(0.95, problems - 1, loc=mean, scale=error)
            yield {
                "clusters": rows,
                "mean": mean,
                "standardError": error,
                "low": max(0.0, float(low)),
                "high": min(1.0, float(high)),
            }


def extremes():
    for problems in [2, 10, 30, 400]:
        result = stats.binomtest(0, problems).proportion_ci(0.95, method="exact")
        yield {"problems": problems, "high": float(result.high)}


def passes():
    for n in [1, 2, 4, 8, 16]:
        for correct in range(0, n + 1, max(1, n // 4)):
            for k in [1, 2, 4, 8, 16]:
                if k <= n:
                    yield {
                        "n": n,
                        "correct": correct,
                        "k": k,
                        "pass": 1 - comb(n - correct, k) / comb(n, k),
                    }


def paired():
    for problems, shift in [(4, 1), (8, 1), (12, 0), (16, 2), (40, 1), (400, 0), (400, 1)]:
        baseline = rng.integers(0, 9, problems) / 8
        ours = np.clip(baseline + rng.integers(-2, 3 + shift, problems) / 8, 0, 1)
        difference = ours - baseline
        test = stats.permutation_test(
            (difference,),
            lambda x, axis: x.mean(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=2**18 if problems <= 18 else 400_000,
            alternative="two-sided",
            rng=np.random.default_rng(1),
        )
        case = {
            "ours": ours.tolist(),
            "baseline": baseline.tolist(),
            "difference": float(difference.mean()),
            "exact": problems <= 18,
            "pValue": min(1.0, float(test.pvalue)),
        }
        if problems > 1:
            error = float(difference.std(ddof=1)) / problems**0.5
            low, high = stats.t.interval(0.95, problems - 1, loc=difference.mean(), scale=error)
            case |= {
                "standardError": error,
                "low": max(-1.0, float(low)),
                "high": min(1.0, float(high)),
                "minimumDetectable": float(
                    (stats.t.ppf(0.975, problems - 1) + stats.t.ppf(0.8, problems - 1)) * error
                ),
            }
        yield case


def lengths():
    for count in [1, 2, 7, 100]:
        values = rng.integers(1, 4097, count)
        yield {
            "lengths": values.tolist(),
            "mean": float(values.mean()),
            "median": float(np.median(values)),
            "p95": float(np.percentile(values, 95)),
        }


def normals():
    for probability in [1e-9, 1e-4, 0.025, 0.1, 0.5, 0.7, 0.9, 0.975, 0.9999]:
        yield {"probability": probability, "z": float(stats.norm.ppf(probability))}


def majorities():
    """Brute force over all draws: 0 is right, None no answer, everything else wrong."""
    cases = [
        [0], [1], [None], [0, 1], [0, 0, 1, 2], [0, 1, 1, 2, None], [0, 0, 1, 1, 2, 2, None, None],
        [None, None, None, 0], [0, 0, 0, 1, 1, 1, 1, None],
    ]
    for _ in range(12):
        n = int(rng.integers(2, 11))
        cases.append([None if x == 4 else int(x) for x in rng.integers(0, 5, n)])
    for answers in cases:
        for k in range(1, len(answers) + 1):
            totals = {"maj": 0.0, "cons": 0.0}
            draws = list(combinations(answers, k))
            for draw in draws:
                for name, voters in [
                    ("maj", [answer for answer in draw if answer is not None]),
                    ("cons", list(draw)),
                ]:
                    counts = {answer: voters.count(answer) for answer in set(voters)}
                    most = max(counts.values(), default=0)
                    winners = [answer for answer, count in counts.items() if count == most]
                    totals[name] += (0 in winners) / len(winners) if winners else 0.0
            yield {
                "answers": answers,
                "k": k,
                "maj": totals["maj"] / len(draws),
                "cons": totals["cons"] / len(draws),
            }


def bootstraps():
    for problems, shape in [(10, 2), (30, 4), (30, 8), (200, 4)]:
        values = rng.integers(0, shape + 1, problems) / shape
        result = stats.bootstrap(
            (values,), np.mean, n_resamples=99_999, method="BCa", rng=np.random.default_rng(2)
        ).confidence_interval
        yield {
            "values": values.tolist(),
            "low": float(result.low),
            "high": float(result.high),
            "error": float(values.std(ddof=1)) / problems**0.5,
        }
    # Skewed: few problems are solved at all, where a symmetric interval is wrong.
    values = np.array([0.0] * 26 + [0.125, 0.25, 0.5, 1.0])
    result = stats.bootstrap(
        (values,), np.mean, n_resamples=99_999, method="BCa", rng=np.random.default_rng(3)
    ).confidence_interval
    yield {
        "values": values.tolist(),
        "low": float(result.low),
        "high": float(result.high),
        "error": float(values.std(ddof=1)) / len(values) ** 0.5,
    }


def mcnemars():
    for better, worse, same in [(0, 0, 5), (1, 0, 9), (3, 3, 4), (6, 1, 23), (12, 2, 16), (40, 20, 40), (300, 240, 0)]:
        pairs = better + worse
        difference = np.array([1.0] * better + [-1.0] * worse + [0.0] * same)
        spread = float(difference.std(ddof=1))
        yield {
            "better": better,
            "worse": worse,
            "same": same,
            "pValue": float(stats.binomtest(better, pairs, 0.5).pvalue) if pairs else 1.0,
            "effectSize": float(difference.mean()) / spread if spread else None,
        }


def make_golden():
    return {
        "quantiles": list(quantiles()),
        "clusters": list(clusters()),
        "extremes": list(extremes()),
        "passes": list(passes()),
        "paired": list(paired()),
        "lengths": list(lengths()),
        "normals": list(normals()),
        "majorities": list(majorities()),
        "bootstraps": list(bootstraps()),
        "mcnemars": list(mcnemars()),
    }
