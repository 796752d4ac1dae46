// What in an output folder training wrote itself, and may therefore replace or remove. Whatever else lies there stays:
//
//   checkpoint-<step>/                      ours where COMPLETE has a line for trainer_state.json, or that state is of this format
//   .checkpoint-<step>.partial/, .adapter.partial/, <a written file>.partial     ours: a save or a removal that was cut off
//   latest, best                            ours where they are links to checkpoint-<step>
//   README.md                               ours where it begins as a model card
//
// A stranger's file in a checkpoint of ours that goes is moved to checkpoint-<step>-kept.
#pragma once

#include <map>
#include <optional>

#include "io/files.h"

namespace hyplora {

/// The step in a name "checkpoint-<step>".
std::optional<int64_t> step_of(const fs::path& path);
fs::path checkpoint_of_step(const fs::path& folder, int64_t step);
/// Where a checkpoint is written before it is renamed, and where it goes to be removed.
fs::path aside_of_step(const fs::path& folder, int64_t step);

bool is_own_checkpoint(const fs::path& path);
/// By step, those with a COMPLETE; they may be damaged.
std::map<int64_t, fs::path> own_checkpoints(const fs::path& folder);

/// The name of a file that is not what was saved: missing, other than its SHA-256 in COMPLETE says, or without a line there
/// although the state names it (then COMPLETE itself is named).
std::optional<std::string> damaged_file(const fs::path& checkpoint);

/// All of a checkpoint of ours but strangers' files, in such an order that a kill leaves what `clean` knows.
void remove_checkpoint(const fs::path& checkpoint);
/// Moves what is not the checkpoint's own out of it.
void keep_strangers(const fs::path& checkpoint);

/// Removes what a killed run left half-written or half-removed. Returns how much there was.
int64_t remove_left_overs(const fs::path& folder);

/// A link of ours, or a name that is free.
bool may_be_link(const fs::path& path);
bool is_own_card(const fs::path& readme);

/// InputError: something of another's stands where a run writes: a checkpoint of a step in [first, last] that is a multiple of
/// `every` or the last; or one of `files`, without the metrics.jsonl of an earlier run beside it.
struct PlannedWrites {
  int64_t first, last, every;
  std::vector<std::string> files;
};
void require_free(const fs::path& folder, const PlannedWrites& planned);

}  // namespace hyplora
