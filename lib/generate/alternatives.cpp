#include "generate/alternatives.h"

#include <ATen/ops/log_softmax.h>

#include <map>

namespace hyplora {
namespace {

class Alternatives : public Search {
 public:
  explicit Alternatives(const std::vector<Ids>& alternatives) {
    nodes_.push_back({});
    for (const Ids& ids : alternatives) {
      size_t node = root;
      for (const int64_t id : ids) node = child(node, id);
      ends_.push_back(node);
      results_.push_back({ids, 0});
    }
    level_ = {root};
  }

  std::vector<TreeToken> advance(const at::Tensor& logits) override {
    const at::Tensor scores = at::log_softmax(logits, 1).contiguous();
    std::vector<size_t> next;
    std::vector<TreeToken> tokens;
    for (size_t i = 0; i < level_.size(); ++i) {
      const float* row = scores.const_data_ptr<float>() + static_cast<int64_t>(i) * scores.size(1);
      const Node from = nodes_[level_[i]];
      for (const auto& [id, number] : from.children) {
        Node& node = nodes_[number];
        node.sum = from.sum + static_cast<double>(row[id]);
        if (node.children.empty()) continue;  // nothing depends on what follows it
        node.slot = slots_++;
        next.push_back(number);
        tokens.push_back({id, from.slot});
      }
    }
    level_ = std::move(next);
    return tokens;
  }

  std::vector<Completion> result() const override {
    std::vector<Completion> all = results_;
    for (size_t i = 0; i < all.size(); ++i) all[i].score = nodes_[ends_[i]].sum;
    return all;
  }

 private:
  struct Node {
    std::map<int64_t, size_t> children;  // by token
    double sum = 0;                      // of log-probabilities from the prompt to here
    int64_t slot = -1;
  };
  static constexpr size_t root = 0;

  size_t child(size_t parent, int64_t id) {
    const auto [place, is_new] = nodes_[parent].children.emplace(id, nodes_.size());
    const size_t number = place->second;
    if (is_new) nodes_.push_back({});
    return number;
  }

  std::vector<Node> nodes_;
  std::vector<size_t> ends_, level_;  // the nodes at which alternatives end; those whose logits come next
  std::vector<Completion> results_;
  int64_t slots_ = 0;
};

}  // namespace

std::unique_ptr<Search> make_alternatives(const std::vector<Ids>& alternatives) {
  return std::make_unique<Alternatives>(alternatives);
}

}  // namespace hyplora
