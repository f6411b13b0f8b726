#pragma once
// SIGINT and SIGTERM as a question: long work asks between steps and ends tidily.

namespace likewise {

// From now on SIGINT and SIGTERM are remembered, earlier ones forgotten; a second one of either ends
// the process at once.
void catch_interrupts();

// The signal's number once one came, else 0.
int interrupted();

}  // namespace likewise
