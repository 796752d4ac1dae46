// Renders a tree: expressions to values, statements to text.
#pragma once

#include <ctime>

#include "text/jinja/builtins.h"
#include "text/jinja/syntax.h"

namespace hyplora::jinja {

/// What the template's own raise_exception says.
struct Refusal {
  std::string text;
};

class Evaluator {
 public:
  Evaluator(std::shared_ptr<Scope> globals, std::time_t now) : globals_(std::move(globals)), now_(now) {}

  /// Fault, whose line line() then is; Refusal.
  void render(const Node& root);
  int line() const { return line_; }
  const std::string& text() const { return text_; }
  /// Bytes of the text that came out of {% generation %} blocks: begin, end.
  const std::vector<std::pair<size_t, size_t>>& generations() const { return generations_; }

 private:
  using Place = std::shared_ptr<Scope>;
  enum class Flow { on, leave, next };

  /// Every evaluation within another goes through one of these.
  class Nesting {
   public:
    Nesting(Evaluator& evaluator, const Node& node);
    ~Nesting() { --evaluator_.depth_; }

   private:
    Evaluator& evaluator_;
  };

  // expressions.cpp
  Value evaluate(const Node& node, const Place& scope);
  Value evaluate_operator(const Node& node, const Place& scope);
  Value evaluate_list(const Node& node, const Place& scope);
  Value evaluate_dict(const Node& node, const Place& scope);
  Value evaluate_item(const Node& node, const Place& scope);
  Value evaluate_join(const Node& node, const Place& scope);
  Value evaluate_comparison(const Node& node, const Place& scope);
  Value evaluate_call(const Node& node, const Place& scope, const Value& caller);
  Value apply_filter(const Node& node, const Value& subject, const Place& scope);
  Value name(const std::string& name, const Place& scope) const;
  std::vector<Value> children(const Node& node, const Place& scope);
  Slice slice(const Node& node, const Place& scope);
  Arguments arguments(const Node& node, const Place& scope);

  // calls.cpp
  Value call(const Value& function, const Arguments& arguments);
  Value call_global(const std::string& name, const Arguments& arguments);
  Value call_macro(const Function& function, const Arguments& arguments);
  void bind(const Function& function, const Arguments& arguments, const Place& scope);
  Value call_loop(const Loop& loop, const Arguments& arguments);
  std::string formatted_now(const Arguments& arguments) const;

  // evaluator.cpp
  Flow run(const Node& node, const Place& scope);
  Flow run_block(const Node& node, const Place& scope);
  Flow run_branch(const Node& node, const Place& scope);
  Flow run_loop(const Node& node, const Value& over, const Place& scope, int64_t depth);
  void run_set_block(const Node& node, const Place& scope);
  Flow run_with(const Node& node, const Place& scope);
  void run_generation(const Node& node, const Place& scope);
  void assign(const Node& target, const Value& value, const Place& scope);
  std::string captured(const Node& block, const Place& scope);
  Value filtered_block(const Node& filters, const std::string& text, const Place& scope);
  void write(std::string_view text);

  Place globals_;
  std::time_t now_;
  std::string text_;           // of the outermost level
  std::string* out_ = &text_;  // what is written to now
  std::vector<std::pair<size_t, size_t>> generations_;
  size_t captured_ = 0;  // bytes of what is written elsewhere
  int line_ = 1, depth_ = 0, calls_ = 0;
};

}  // namespace hyplora::jinja
