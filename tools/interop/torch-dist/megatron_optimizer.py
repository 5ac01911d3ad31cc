"""Megatron's own distributed optimizer around the model of `megatron_model`, with the moments of one real step.

Megatron makes it for CUDA only: while it is made and stepped, a device "cuda" is the CPU and a CPU tensor says that it is
CUDA's. The step has a learning rate of zero, so that the weights stay those of the Hugging Face model while both moments
get values. The padding between the parameters of a bucket is saved too, as the memory happens to be: here it is NaN.
"""

import torch
from torch.overrides import TorchFunctionMode

UNINITIALISED = torch.empty


class CudaIsCpu(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if torch.device(kwargs.get("device") or "cpu").type == "cuda":
            kwargs["device"] = "cpu"
        found = func(*args, **kwargs)
        if func is UNINITIALISED and found.is_floating_point():
            return found.fill_(float("nan"))
        # Asked without a type to convert to, it is the name of the tensor's.
        if func is torch.Tensor.type and len(args) == 1 and not kwargs:
            return f"torch.cuda.{found.rpartition('.')[2]}"
        return found


def wrap(gpt):
    """Data parallel, as training does it: parameters and gradients become views of contiguous buffers."""
    from megatron.core.distributed import DistributedDataParallel, DistributedDataParallelConfig

    options = DistributedDataParallelConfig(use_distributed_optimizer=True, grad_reduce_in_fp32=True)
    with CudaIsCpu():
        return DistributedDataParallel(gpt.config, options, gpt)


def stepped_optimizer(data_parallel):
    """After one step of Adam on random gradients; the weights are those that the model has now."""
    from megatron.core.optimizer import OptimizerConfig, get_megatron_optimizer

    options = OptimizerConfig(
        optimizer="adam", lr=0.0, weight_decay=0.0, clip_grad=0.0, bf16=True, params_dtype=torch.bfloat16,
        use_distributed_optimizer=True,
    )
    generator = torch.Generator().manual_seed(3)
    with CudaIsCpu():
        optimizer = get_megatron_optimizer(options, [data_parallel])
        for parameter in data_parallel.parameters():
            parameter.main_grad.copy_(torch.randn(parameter.shape, generator=generator))
        succeeded, _, _ = optimizer.step()
    assert succeeded, "the optimizer refused its step"
    return optimizer
