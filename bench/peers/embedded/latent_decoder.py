"""The quickest PyTorch decoding of a DeepSeek-V3 model that we could write: absorbed MLA over a static latent cache, all
routed experts as one batched product (at these sizes quicker than sorting tokens by expert), the whole step compiled.

Shapes: B sequences, S places, D = kv_lora_rank + qk_rope_head_dim, H heads.
"""

import torch
from torch.nn.functional import linear, rms_norm, silu, softmax


def rotate(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


class LatentDecoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.config = config = model.config
        weights = dict(model.state_dict())
        heads, nope, rope = config.num_attention_heads, config.qk_nope_head_dim, config.qk_rope_head_dim
        latent, value = config.kv_lora_rank, config.v_head_dim
        scale = (nope + rope) ** -0.5
        # The checkpoint's rope dimensions are interleaved; here halves are rotated.
        order = torch.cat((torch.arange(0, rope, 2), torch.arange(1, rope, 2)))
        self.layers = []
        for index in range(config.num_hidden_layers):
            get = lambda name, prefix=f"model.layers.{index}.": weights[prefix + name]  # noqa: E731
            query = get("self_attn.q_proj.weight").view(heads, nope + rope, -1)
            up = get("self_attn.kv_b_proj.weight").view(heads, nope + value, latent)
            absorbed = torch.einsum("hnl,hnd->hld", up[:, :nope], query[:, :nope])
            queries = torch.cat((absorbed, query[:, nope:][:, order]), dim=1) * scale
            down = get("self_attn.kv_a_proj_with_mqa.weight")
            down = torch.cat((down[:latent], down[latent:][order]))
            output = get("self_attn.o_proj.weight").view(-1, heads, value)
            layer = {
                "input_norm": get("input_layernorm.weight"),
                "input": torch.cat((queries.flatten(0, 1), down)).contiguous(),
                "latent_norm": get("self_attn.kv_a_layernorm.weight"),
                "output": torch.einsum("ohv,hvl->ohl", output, up[:, nope:]).flatten(1).contiguous(),
                "mlp_norm": get("post_attention_layernorm.weight"),
            }
            if index < config.first_k_dense_replace:
                layer["gate_up"] = torch.cat((get("mlp.gate_proj.weight"), get("mlp.up_proj.weight")))
                layer["down"] = get("mlp.down_proj.weight")
            else:
                shared = "mlp.shared_experts."
                layer["gate_up"] = torch.cat((get(shared + "gate_proj.weight"), get(shared + "up_proj.weight")))
                layer["down"] = get(shared + "down_proj.weight")
                layer["router"] = get("mlp.gate.weight")
                layer["bias"] = get("mlp.gate.e_score_correction_bias")
                layer["experts_in"] = get("mlp.experts.gate_up_proj").transpose(1, 2).contiguous()
                layer["experts_out"] = get("mlp.experts.down_proj").transpose(1, 2).contiguous()
            self.layers.append(layer)
        self.embedding = weights["model.embed_tokens.weight"]
        self.norm = weights["model.norm.weight"]
        self.head = weights["lm_head.weight"]
        frequencies = config.rope_parameters["rope_theta"] ** -(torch.arange(0, rope, 2) / rope)
        angles = torch.outer(torch.arange(config.max_position_embeddings), frequencies).repeat(1, 2)
        self.cos, self.sin = angles.cos(), angles.sin()

    def cache(self, batch, places):
        dims = self.config.kv_lora_rank + self.config.qk_rope_head_dim
        return [torch.zeros(batch, places, dims) for _ in self.layers]

    def feed_forward(self, x, layer):
        gate, up = linear(x, layer["gate_up"]).chunk(2, dim=-1)
        y = linear(silu(gate) * up, layer["down"])
        if "router" not in layer:
            return y
        config = self.config
        scores = linear(x, layer["router"]).sigmoid()
        chosen = (scores + layer["bias"]).topk(config.num_experts_per_tok, dim=-1).indices
        weights = torch.zeros_like(scores).scatter(1, chosen, scores.gather(1, chosen))
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-20) * config.routed_scaling_factor
        gate, up = torch.matmul(x, layer["experts_in"]).chunk(2, dim=-1)
        inner = silu(gate) * up * weights.t().unsqueeze(-1)
        return y + torch.bmm(inner, layer["experts_out"]).sum(0)

    def project(self, x, layer, cos, sin):
        """Rows of x → queries [.., H, D] and keys [.., D]."""
        config = self.config
        heads, latent, rope = config.num_attention_heads, config.kv_lora_rank, config.qk_rope_head_dim
        y = linear(rms_norm(x, x.shape[-1:], layer["input_norm"], config.rms_norm_eps), layer["input"])
        query, down, key = y.split((heads * (latent + rope), latent, rope), dim=-1)
        query = query.unflatten(-1, (heads, latent + rope))
        turned = rotate(query[..., latent:], cos.unsqueeze(-2), sin.unsqueeze(-2))
        down = rms_norm(down, down.shape[-1:], layer["latent_norm"], 1e-6)
        return torch.cat((query[..., :latent], turned), dim=-1), torch.cat((down, rotate(key, cos, sin)), dim=-1)

    def finish(self, x, context, layer):
        x = x + linear(context[..., : self.config.kv_lora_rank].flatten(-2), layer["output"])
        y = rms_norm(x, x.shape[-1:], layer["mlp_norm"], self.config.rms_norm_eps)
        return x + self.feed_forward(y.flatten(0, -2), layer).view_as(x)

    def probabilities(self, x):
        return softmax(linear(rms_norm(x, x.shape[-1:], self.norm, self.config.rms_norm_eps), self.head), dim=-1)

    def read(self, tokens, cache):
        """Prompts [B, T] → probabilities [B, vocab] of what follows; fills the cache."""
        length = tokens.shape[1]
        cos, sin = self.cos[:length], self.sin[:length]
        mask = torch.full((length, length), -torch.inf).triu(1).unsqueeze(1)
        x = self.embedding[tokens]
        for layer, keys in zip(self.layers, cache):
            query, key = self.project(x, layer, cos, sin)
            keys[:, :length] = key
            scores = torch.einsum("bthd,bsd->bths", query, key) + mask
            x = self.finish(x, torch.einsum("bths,bsd->bthd", softmax(scores, dim=-1), key), layer)
        return self.probabilities(x[:, -1])

    def step(self, tokens, position, cache, mask):
        """tokens [B] at `position` (a tensor of one element) → probabilities [B, vocab]; fills the cache."""
        seen = mask.index_select(0, position)
        cos, sin = self.cos[position], self.sin[position]
        x = self.embedding[tokens]
        for layer, keys in zip(self.layers, cache):
            query, key = self.project(x, layer, cos, sin)
            keys.index_copy_(1, position, key.unsqueeze(1))
            scores = softmax(torch.bmm(query, keys.transpose(1, 2)) + seen, dim=-1)
            x = self.finish(x, torch.bmm(scores, keys), layer)
        return self.probabilities(x)

    def sampled_step(self, tokens, position, cache, mask):
        """The token after each, and its log-probability."""
        return draw(self.step(tokens, position, cache, mask))


def draw(probabilities):
    """By the Gumbel trick: quicker than `multinomial`."""
    token = (probabilities / torch.empty_like(probabilities).exponential_()).argmax(-1)
    return token, probabilities.gather(1, token.unsqueeze(1)).log()
