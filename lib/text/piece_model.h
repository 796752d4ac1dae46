// What text/sentencepiece asks of sentencepiece's own library, which lives in a module that is loaded at first use with its symbols
// kept to itself: it and LibTorch's c10 both export a variable FLAGS_minloglevel, of 32 and of 4 bytes, and in one scope
// the one's initialiser writes over the other's flags.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hyplora {

class PieceModel {
 public:
  virtual ~PieceModel() = default;
  virtual int size() const = 0;
  /// The ids of the two ends of a sequence; -1 where the model has none.
  virtual int bos() const = 0;
  virtual int eos() const = 0;
  virtual bool is_control(int id) const = 0;
  virtual bool is_unknown(int id) const = 0;
  virtual std::string piece(int id) const = 0;
  /// The unknown piece's id where there is none of this text.
  virtual int id(const std::string& piece) const = 0;
  /// What went wrong, empty where all went well.
  virtual std::string encode(std::string_view text, std::vector<int>& ids) const = 0;
  virtual std::string decode(const std::vector<int>& ids, std::string& text) const = 0;
};

/// Null where the bytes are no model. RunError: the module is not there.
std::unique_ptr<PieceModel> open_piece_model(const std::string& bytes);

/// The module's one symbol: a new model, or null.
inline constexpr const char* piece_model_symbol = "hyplora_new_piece_model";
using NewPieceModel = PieceModel* (*)(const char* bytes, size_t size);

}  // namespace hyplora
