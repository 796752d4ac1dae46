// The module around sentencepiece's library (text/piece_model.h says why it is one).
#include "text/piece_model.h"

#include <sentencepiece_processor.h>

namespace {

class Processor : public hyplora::PieceModel {
 public:
  bool load(std::string_view bytes) {
    return processor_.LoadFromSerializedProto(absl::string_view(bytes.data(), bytes.size())).ok();
  }
  int size() const override { return processor_.GetPieceSize(); }
  int bos() const override { return processor_.bos_id(); }
  int eos() const override { return processor_.eos_id(); }
  bool is_control(int id) const override { return processor_.IsControl(id); }
  bool is_unknown(int id) const override { return processor_.IsUnknown(id); }
  std::string piece(int id) const override { return processor_.IdToPiece(id); }
  int id(const std::string& piece) const override { return processor_.PieceToId(piece); }
  std::string encode(std::string_view text, std::vector<int>& ids) const override {
    return fault(processor_.Encode(absl::string_view(text.data(), text.size()), &ids));
  }
  std::string decode(const std::vector<int>& ids, std::string& text) const override {
    return fault(processor_.Decode(ids, &text));
  }

 private:
  static std::string fault(const sentencepiece::util::Status& status) { return status.ok() ? "" : status.ToString(); }

  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) hyplora::PieceModel* hyplora_new_piece_model(const char* bytes, size_t size) {
  auto model = std::make_unique<Processor>();
  return model->load({bytes, size}) ? model.release() : nullptr;
}
