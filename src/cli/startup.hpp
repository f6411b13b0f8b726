#pragma once
// What decides speed and must be settled before the first tensor exists.

namespace likewise::cli {

// Keeps freed memory in the process, makes waiting threads sleep instead of spin (which needs the
// environment, hence a restart of the program in place), and leaves the number of threads to
// set_threads.
void prepare_process(char** argv);

// threads = 0: one a processor that this process may use.
int set_threads(long threads);

}  // namespace likewise::cli
