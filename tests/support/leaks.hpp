#pragma once
// What LeakSanitizer must not blame on us: libsndfile 1.2 loses a few kilobytes of libvorbis for
// every Ogg file whose header is damaged.

extern "C" __attribute__((weak, used)) const char* __lsan_default_suppressions() {
  return "leak:libvorbis.so\n";
}
