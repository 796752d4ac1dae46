// Values of a Jinja template, which are Python's: their kinds, and what Python's operators and builtins make of them.
//
// Texts are valid UTF-8, of which places and lengths count code points. Integers have 64 bits; what would need more is a Fault.
// Containers never change once they are made, and nest at most 200 levels: whatever walks them is bounded. What does change
// (scopes, namespaces) is a Holder. Every function here throws Fault for what Python would raise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/ledger.h"

namespace hyplora::jinja {

struct Node;

enum class Kind : uint8_t {
  absent,  // an argument that is not given
  undefined,
  none,
  boolean,
  integer,
  real,
  text,
  list,
  tuple,
  dict,
  range,
  view,      // keys(), values(), items() of a dict
  iterator,  // what filters yield: goes through its elements once
  space,     // namespace()
  loop,
  function,  // macros, methods of a value, global functions
  cycler,
  joiner
};

/// What a value points to; its bytes stand in the ledger while it lives.
class Object : public std::enable_shared_from_this<Object> {
 public:
  explicit Object(size_t bytes) : held_(hold(bytes + 64)) {}
  virtual ~Object() { release(held_); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

 private:
  size_t held_;
};

struct Text;
struct List;
struct Dict;
struct Range;

class Value {
 public:
  Value() = default;  // undefined
  Value(bool truth) : kind_(Kind::boolean), integer_(truth ? 1 : 0) {}
  Value(int64_t integer) : kind_(Kind::integer), integer_(integer) {}
  Value(double real) : kind_(Kind::real), real_(real) {}
  Value(std::string text, bool safe = false);
  Value(const char* text) : Value(std::string(text)) {}
  Value(Kind kind, std::shared_ptr<Object> object = nullptr) : kind_(kind), object_(std::move(object)) {}
  template <class T>
  Value(T*) = delete;  // it would become a boolean

  static Value undefined(std::string why);
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  /// No key stands twice.
  static Value dict(std::vector<std::pair<Value, Value>> items);
  static Value iterator(std::vector<Value> items);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool given() const { return kind_ != Kind::absent; }
  bool is_text() const { return kind_ == Kind::text; }
  bool is_integer() const { return kind_ == Kind::integer || kind_ == Kind::boolean; }
  bool is_number() const { return is_integer() || kind_ == Kind::real; }
  bool is_array() const { return kind_ == Kind::list || kind_ == Kind::tuple; }
  bool truth_bit() const { return integer_ != 0; }

  int64_t integer() const { return integer_; }
  double real() const { return kind_ == Kind::real ? real_ : static_cast<double>(integer_); }
  const std::string& text() const;
  int64_t text_length() const;         // code points
  bool ascii() const;                  // of a text: a place is a byte
  bool safe() const { return safe_; }  // Markup: what `safe` and `escape` make
  const std::vector<Value>& items() const;
  const std::vector<std::pair<Value, Value>>& pairs() const;
  template <class T>
  T& as() const {
    return static_cast<T&>(*object_);
  }
  const std::shared_ptr<Object>& object() const { return object_; }

 private:
  Kind kind_ = Kind::undefined;
  bool safe_ = false;
  union {
    int64_t integer_ = 0;
    double real_;
  };
  std::shared_ptr<Object> object_;
};

struct Text : Object {
  explicit Text(std::string text) : Object(text.capacity()), bytes(std::move(text)) {}
  std::string bytes;
  mutable int64_t length = -1;  // counted when it is asked for
};

struct List : Object {
  explicit List(std::vector<Value> values);
  std::vector<Value> items;
  int depth = 1;
};

struct Dict : Object {
  explicit Dict(std::vector<std::pair<Value, Value>> values);
  const Value* find(const Value& key) const;
  const Value* find(const std::string& key) const;
  std::vector<std::pair<Value, Value>> items;
  int depth = 1;
};

/// groupby's (grouper, list).
struct Group : List {
  using List::List;
};

struct Range : Object {
  Range(int64_t first, int64_t end, int64_t by);
  int64_t start, stop, step, count;
};

struct View : Object {
  enum class Part { keys, values, items };
  View(Value of, Part which) : Object(sizeof(View)), dict(std::move(of)), part(which) {}
  Value dict;
  Part part;
};

struct Iterator : List {
  using List::List;
  size_t place = 0;
};

/// Something that changes, and so may come to hold itself.
class Holder : public Object {
 public:
  explicit Holder(size_t bytes);
  ~Holder() override;
  virtual void empty() = 0;

 protected:
  /// Lets go of these one after the other, however long a chain they are.
  static void bury(std::vector<Value> values);
};

/// Names with their values; those of an outer scope are seen from within.
class Scope : public Holder {
 public:
  explicit Scope(std::shared_ptr<Scope> around) : Holder(256), outer(std::move(around)) {}
  ~Scope() override { empty(); }
  void empty() override;
  const Value* find(const std::string& name) const;
  std::map<std::string, Value> names;
  std::shared_ptr<Scope> outer;
};

struct Space : Scope {
  Space() : Scope(nullptr) {}
};

struct Function : Object {
  explicit Function(std::string of) : Object(sizeof(Function)), name(std::move(of)) {}
  std::string name;
  Value self = Kind::absent;    // of a method
  const Node* macro = nullptr;  // of a macro or caller, and where it was defined
  std::shared_ptr<Scope> scope;
};

struct Cycler : Object {
  explicit Cycler(std::vector<Value> values) : Object(values.size() * sizeof(Value)), items(std::move(values)) {}
  std::vector<Value> items;
  size_t place = 0;
};

struct Joiner : Object {
  explicit Joiner(std::string text) : Object(text.size()), between(std::move(text)) {}
  std::string between;
  bool used = false;
};

struct Loop : Object {
  Loop() : Object(sizeof(Loop)) {}
  std::vector<Value> items;
  size_t index = 0;
  int64_t depth = 0;
  const Node* recursive = nullptr;
  std::shared_ptr<Scope> scope;
  std::vector<Value> last_changed;
  bool changed_before = false;
};

/// Each level of a walk through values; Fault beyond 300 levels.
class Level {
 public:
  Level();
  ~Level();
};

bool truth(const Value& value);
/// "str", "dict", as messages name it.
const char* kind_name(const Value& value);
/// str(), repr(); a number's as Python writes it.
std::string text_of(const Value& value);
std::string repr(const Value& value);
std::string number_text(double number);

/// Python's ==, <, in; a key that a dict can have.
bool equal(const Value& a, const Value& b);
bool less(const Value& a, const Value& b);
bool contains(const Value& whole, const Value& part);
void require_hashable(const Value& value);
bool same(const Value& a, const Value& b);  // `is`

/// Fault with its own reason where a value is undefined.
void require_defined(const Value& value);
int64_t integer_of(const Value& value);  // of what Python takes for an index
double real_of(const Value& value);
int64_t length(const Value& value);
bool iterable(const Value& value);
/// What a loop goes through; an iterator is used up by it.
std::vector<Value> elements(const Value& value);
/// The first of them, or nothing.
std::optional<Value> next_element(const Value& value);

/// value[index]; undefined where there is none. value[start:stop:step] of texts, lists, tuples and ranges.
Value item(const Value& value, const Value& index);
struct Slice {
  Value start = Kind::none, stop = Kind::none, step = Kind::none;
};
Value sliced(const Value& value, const Slice& slice);
/// Which of `count` places a slice names: the first, the end, the step and how many.
struct Places {
  int64_t start, stop, step, count;
};
Places places(const Slice& slice, int64_t count);

/// `made` with another value under the key, in the key's place where it is there.
void put(std::vector<std::pair<Value, Value>>& made, const Value& key, const Value& value);

/// json.dumps.
struct JsonForm {
  bool ascii = false, sorted = false;
  std::optional<std::string> indent;  // of one level; none: on one line
  std::string between_items = ", ", after_key = ": ";
};
std::string json_text_of(const Value& value, const JsonForm& form);

}  // namespace hyplora::jinja
