// What this machine and this build offer: versions, devices with their memory, the CPU's units, threads, memory, communication.
#pragma once

#include "core/fields.h"

namespace hyplora {

/// One object with versions, cpu, memory, devices, communication and, under "used", what a run without options would take.
Json describe_machine();

}  // namespace hyplora
