// Which files a name stands for: the file itself, or the data files of a folder.
#pragma once

#include <string>
#include <vector>

namespace hyplora {

/// A folder's .json, .jsonl, .ndjson, .csv and .tsv files at any depth, packed by gzip or not, in the order of their names; other
/// names as they are. Hidden files and folders, and what the Python package datasets keeps beside its data, are left out.
/// InputError: nothing there.
std::vector<std::string> row_files(const std::vector<std::string>& files_and_folders);

/// The same for training. InputError: a folder whose files are named by more than one split (train, test, ...).
std::vector<std::string> training_files(const std::vector<std::string>& files_and_folders);

/// Whether it is named as a data file, "a.csv.gz" for one.
bool is_row_file(const std::string& name);

}  // namespace hyplora
