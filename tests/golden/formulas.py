"""The adapters' plain formulas, as the tables of docs/maths.md give them and with its names, for PyTorch's autograd: nothing is
fused and nothing comes from lib/. make_adapters.py and make_training.py evaluate them.

    x [..., d]    A, B    k, norm_scale []    s = alpha/r    ->    what the adapter adds to base(x), [..., o]

The maps are written out as functions of a row's length: exponential and logarithmic map at the origin only rescale the row.
"""
import torch
from torch.nn.functional import linear, softplus


def length(x):
    """|x| of each row, [..., 1]; its gradient at a row of zeros is 0."""
    return torch.linalg.vector_norm(x, dim=-1, keepdim=True)


def quotient(f, t):
    """f(t)/t for t >= 0, 1 at 0 (for functions that begin as t does)."""
    positive = torch.where(t > 0, t, 1)
    return torch.where(t > 0, f(positive) / positive, 1)


def lora(x, A, B, s):
    return s * linear(linear(x, A), B)


def dora(x, A, B, m, s, W):
    N = torch.linalg.vector_norm(W + s * B @ A, dim=1).detach()
    return (m / N - 1) * linear(x, W) + (m / N) * lora(x, A, B, s)


def lorentz(x, A, B, k, s):
    kappa = torch.sqrt(x.shape[-1] * torch.exp(k))
    u = linear(x * quotient(lambda th: torch.sinh(th.clamp(max=12)), length(x) / kappa), A)
    y = linear(u, B)
    return s * quotient(torch.asinh, length(y) / kappa) * y


def release(x, A, B, k, norm_scale, s):
    K = softplus(k) + 1e-6
    kap = torch.sqrt(K)
    n = length(x).clamp(min=1e-7)
    u = linear(x * kap * torch.sinh((n / (norm_scale * kap)).clamp(max=12)) / n, A)
    y = linear(u, B)
    h = torch.sqrt(length(y) ** 2 + 1 / K) / kap
    w = torch.where(h < 1.01, torch.sqrt(2 * (h - 1).clamp(min=1e-6)), torch.arccosh(h.clamp(min=1.01)))
    return s * kap * w * y / length(y).clamp(min=1e-7)


def simplified(x, A, B, k, s):
    u = linear(x * 2 / (1 + k * (x * x).sum(-1, keepdim=True)), A)
    y = linear(u, B)
    return s * y / (1 + torch.sqrt(abs(k)) * torch.sqrt((y * y).sum(-1, keepdim=True) + k))


def v1(x, A, B, k, norm_scale, s, least=1 + 1e-7):
    """v1_rot is the same with a B that takes no time coordinate. A row of zeros gives NaN, as in the published code. `least`
    is the bound of arccosh's argument, which a float32 run rounds up: FLOAT32_LEAST."""
    K = abs(k)
    kap, e = torch.sqrt(K), torch.exp(norm_scale).clamp(max=10)
    time = (kap * torch.cosh(e / kap)).expand(*x.shape[:-1], 1)
    u = linear(torch.cat([time, kap * torch.sinh(e / kap) * x / length(x)], -1), A)
    has_time = B.shape[1] > A.shape[0]
    v = linear(torch.cat([torch.sqrt(length(u) ** 2 + K), u], -1) if has_time else u, B)
    d = kap * torch.arccosh((torch.sqrt(length(v) ** 2 + K) / kap).clamp(min=least))
    return s * d * v / length(v).clamp(min=1e-7)


# By the names that the golden files give the variants: the formula, and its parameters behind A and B.
VARIANTS = {
    "lora": (lora, ()),
    "dora": (dora, ("magnitude",)),
    "hyplora_lorentz": (lorentz, ("k",)),
    "hyplora": (release, ("k", "norm_scale")),
    "hyplora_simplified": (simplified, ("k",)),
    "hyperbolic": (v1, ("k", "norm_scale")),
    "hyperbolic_rot": (v1, ("k", "norm_scale")),
}
K_GRADIENT_BOUND = 0.01  # of the release: dL/dk is clamped to it in each backward pass
FLOAT32_LEAST = 1 + 2**-23  # v1's `least` in a float32 run
