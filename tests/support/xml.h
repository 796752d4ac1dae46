// A small check of XML: what a parser would refuse.
#pragma once

#include <string>

namespace hyplora::test {

/// What is wrong with the document, with the text where it is; "" where it is well-formed: one root, elements closed in their
/// order, attributes quoted, only known entities, only characters that XML allows. Comments and the like are not known.
std::string xml_fault(const std::string& document);

}  // namespace hyplora::test
