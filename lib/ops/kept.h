// Keeps an object of any type in an autograd context, from forward to backward.
#pragma once

#include <torch/csrc/autograd/custom_function.h>

#include <memory>

namespace hyplora::ops {

template <class T>
struct Kept : torch::CustomClassHolder {
  explicit Kept(std::shared_ptr<const T> v) : value(std::move(v)) {}
  std::shared_ptr<const T> value;
};

template <class T>
void keep(torch::autograd::AutogradContext* context, std::shared_ptr<const T> value) {
  context->saved_data["kept"] = c10::IValue::make_capsule(c10::make_intrusive<Kept<T>>(std::move(value)));
}

template <class T>
std::shared_ptr<const T> kept(torch::autograd::AutogradContext* context) {
  return static_cast<Kept<T>*>(context->saved_data["kept"].toCapsule().get())->value;
}

}  // namespace hyplora::ops
