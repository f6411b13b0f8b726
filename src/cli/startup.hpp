#pragma once
// What decides speed and must be settled before the first tensor exists.

namespace likewise::cli {

// Keeps freed memory in the process and, for commands that compute, makes waiting threads sleep
// instead of spin.
void prepare_process(int argc, char** argv);

// threads = 0: one a processor that this process may use.
int set_threads(long threads);

}  // namespace likewise::cli
