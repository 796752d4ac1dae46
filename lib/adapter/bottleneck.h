// Bottleneck adapters as LLM-Adapters has them (Hu et al. 2023, arXiv 2304.01933; peft/tuners/bottleneck.py there), with
// f(h) = scaling * U act(D h~), D [bottleneck, width] `adapter_down`, U [width or out, bottleneck] `adapter_up`, no biases:
//
//     parallel                                   out = W x + b + f(x)
//     series, where a block's half ends          out = y + f(y),  y = W x + b          (o_proj, down_proj)
//     series, where it begins                    out = W (x + f(x)) + b                (q, k, v, gate and up_proj)
//
// LLM-Adapters names gate_proj, up_proj (input) and down_proj (output) for LLaMA and has no place for the attention's modules;
// they follow the same rule here. Its initialisation "mam_adapter" is taken, D kaiming-uniform (a = sqrt 5) and U zero, not its
// default "bert" (both normal with deviation 0.02): the model starts equal to the base.
#pragma once

#include <string>
#include <vector>

#include "adapter/dropout.h"
#include "model/linear.h"

namespace hyplora {

/// The names that `non_linearity` takes.
std::vector<std::string> non_linearities();
/// The non-linearity of x, element by element. InputError for another name.
at::Tensor activated(const std::string& non_linearity, const at::Tensor& x);

struct Bottleneck {
  at::Tensor down, up;  // [bottleneck, width], [width or out, bottleneck] fp32
  std::string non_linearity = "tanh";
  double scaling = 1;
};

/// f(h) = s up(act(down(h))), h [T, width] after dropout.
at::Tensor bottleneck(const at::Tensor& h, const Bottleneck& adapter);

}  // namespace hyplora
