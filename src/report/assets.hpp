#pragma once
// Style and script of the pages, as they stand in the file.

#include <string>

namespace likewise::report {

std::string page_style();
extern const char* const kChartScript;  // theme switch, crosshair, confusion matrix, pictures
extern const char* const kMapScript;

}  // namespace likewise::report
