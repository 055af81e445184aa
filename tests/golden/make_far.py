"""Writes far.safetensors for one of the tiny checkpoints: what a text prompt beyond 3,000 tokens gives, and, where the
checkpoint sees, how the reference's prompt with a picture (`one_image`) goes on word by word.

    python make_far.py CHECKPOINT_DIR [--len 3100] [--seed 1]

Plain numpy in float64 on the published definition (transformers' modeling_gemma3.py), so that it needs neither torch
nor the memory of eager attention; first it has to give the reference's own logits for `short`, `long` and `one_image`. The soft tokens are the
reference's own (`landscape.image_features`)."""
import argparse, json, os
import numpy as np
from safetensors.numpy import save_file
from safetensors import safe_open
ap = argparse.ArgumentParser(); ap.add_argument("dir"); ap.add_argument("--len", type=int, default=3100); ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--greedy", type=int, default=32)
ap.add_argument("--no-factor", action="store_true")
a = ap.parse_args()
def bf16(path):
    b = open(path, "rb").read(); n = int.from_bytes(b[:8], "little"); h = json.loads(b[8:8+n])
    for k, v in h.items():
        if k == "__metadata__": continue
        s, e = v["data_offsets"]; assert v["dtype"] == "BF16"
        u = np.frombuffer(b[8+n+s:8+n+e], "<u2").astype(np.uint32) << 16
        yield k.replace("language_model.", "").replace("model.model.", "model."), u.view(np.float32).astype(np.float64).reshape(v["shape"])
W = dict(bf16(os.path.join(a.dir, "model.safetensors")))
c = json.load(open(os.path.join(a.dir, "config.json"))); c = c.get("text_config", c)
D, H, KV, eps = c["head_dim"], c["num_attention_heads"], c["num_key_value_heads"], c["rms_norm_eps"]
factor = 1.0 if a.no_factor else (c["rope_scaling"] or {"factor": 1.0})["factor"]
def norm(x, w): return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * (1 + w)
def rope(x, theta, f):
    t = np.arange(x.shape[0])[:, None] / f * theta ** (-np.arange(0, D, 2) / D)
    cos, sin = (np.concatenate([g(t), g(t)], -1)[:, None] for g in (np.cos, np.sin))
    return x * cos + np.concatenate([-x[..., D//2:], x[..., :D//2]], -1) * sin
def gelu(x): return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))
def forward(ids, rows, soft=None):
    x = W["model.embed_tokens.weight"][ids] * np.sqrt(c["hidden_size"]); n = len(ids)
    behind = np.arange(n)[:, None] - np.arange(n)[None]
    picture = np.zeros(n, bool) if soft is None else ids == c["vocab_size"] - 1
    if soft is not None: x[picture] = soft
    for i in range(c["num_hidden_layers"]):
        g = lambda s: W[f"model.layers.{i}.{s}.weight"]
        full = (i + 1) % c.get("sliding_window_pattern", 6) == 0
        y = norm(x, g("input_layernorm"))
        q = norm((y @ g("self_attn.q_proj").T).reshape(n, H, D), g("self_attn.q_norm"))
        k = norm((y @ g("self_attn.k_proj").T).reshape(n, KV, D), g("self_attn.k_norm"))
        v = (y @ g("self_attn.v_proj").T).reshape(n, KV, D)
        th, f = (c["rope_theta"], factor) if full else (c["rope_local_base_freq"], 1.0)
        q, k = rope(q, th, f), rope(k, th, f)
        see = (behind >= 0) & (full | (behind < c["sliding_window"])) | picture[:, None] & picture[None]
        out = np.empty((n, H, D))
        for h in range(H):
            s = np.where(see, q[:, h] @ k[:, h // (H // KV)].T * c["query_pre_attn_scalar"] ** -0.5, -np.inf)
            s = np.exp(s - s.max(-1, keepdims=True)); s /= s.sum(-1, keepdims=True)
            out[:, h] = s @ v[:, h // (H // KV)]
        x = x + norm(out.reshape(n, -1) @ g("self_attn.o_proj").T, g("post_attention_layernorm"))
        y = norm(x, g("pre_feedforward_layernorm"))
        y = (gelu(y @ g("mlp.gate_proj").T) * (y @ g("mlp.up_proj").T)) @ g("mlp.down_proj").T
        x = x + norm(y, g("post_feedforward_layernorm"))
    return norm(x[rows], W["model.norm.weight"]) @ W["model.embed_tokens.weight"].T
if __name__ == "__main__":
    on = {}
    with safe_open(os.path.join(a.dir, "expected.safetensors"), "np") as f:
        seen = "one_image.input_ids" in f.keys()
        for name in ("short", "long") + ("one_image",) * seen:
            ids, ref = f.get_tensor(f"{name}.input_ids").ravel(), f.get_tensor(f"{name}.logits")
            ref = ref.reshape(-1, ref.shape[-1])
            rows = f.get_tensor(f"{name}.positions").ravel() if f"{name}.positions" in f.keys() else slice(None)
            soft = f.get_tensor("landscape.image_features").reshape(256, -1).astype(np.float64) if name == "one_image" else None
            off = np.abs(forward(ids, rows, soft) - ref).max(); print(name, len(ids), "off by", off)
            assert a.no_factor or off < 1e-4
        if seen:
            said, least = list(ids), np.inf
            for _ in range(a.greedy):
                row = forward(np.array(said), slice(-1, None), soft)[0]; best = np.sort(row)[-2:]
                least = min(least, best[1] - best[0]); said.append(int(row.argmax()))
            print("greedy", said[len(ids):], "least lead", least)
            last = forward(np.array(said), slice(-1, None), soft)
            on = {"one_image.greedy.output_ids": np.array(said[len(ids):], np.int32), "one_image.greedy.logits": last.astype(np.float32)}
    rng = np.random.default_rng(a.seed)
    ids = rng.integers(4, c["vocab_size"] - 4, a.len); ids[0] = 2
    at = np.array([a.len // 2, a.len - 100, a.len - 2, a.len - 1])
    logits = forward(ids, at)
    out = "/tmp/formats/far/no-factor.safetensors" if a.no_factor else os.path.join(a.dir, "far.safetensors")
    save_file({"far.input_ids": ids.astype(np.int32), "far.positions": at.astype(np.int32), "far.logits": logits.astype(np.float32), **on}, out)
    print(out, os.path.getsize(out))
