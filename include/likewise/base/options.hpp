#pragma once
// Options are plain structs, described once. A struct lists its fields in one member template,
//
//   struct NtXentOptions {
//     double temperature = 0.5;
//     bool decoupled = false;
//     template <class V> void fields(V& v) {
//       v("temperature", temperature, "softmax temperature", range(0.01, 10));
//       v("decoupled", decoupled, "leave the positive out of the denominator (DCL)");
//     }
//   };
//
// and help text, command line, run file and checkpoint follow from that list.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace likewise {

struct Range {
  double low, high;
};
inline Range range(double low, double high) { return {low, high}; }

struct Choices {
  std::vector<std::string> names;
};
inline Choices choices(std::vector<std::string> names) { return {std::move(names)}; }

// One option, type erased. `get` and `set` speak the text of the command line.
struct Field {
  std::string key;       // dotted: loss.temperature
  std::string help;      // one sentence
  std::string accepted;  // "true|false", "a number in [0.01, 10]", "sgd|adamw"
  std::string initial;   // the value when the list was made: the default
  bool is_flag = false;  // may stand without a value
  std::function<std::string()> get;
  std::function<std::string()> get_toml;       // as a TOML value
  std::function<void(std::string_view)> set;   // throws std::invalid_argument, message: accepted
};

// The field list of one or more option structs. Holds references: it must not outlive them.
// A key that names a group stands for the group's first field: `data` for `data.path`.
class Fields {
 public:
  Fields() = default;
  template <class Options>
  explicit Fields(Options& options) { options.fields(*this); }

  void operator()(std::string_view name, bool& value, std::string_view help);
  void operator()(std::string_view name, int64_t& value, std::string_view help,
                  Range range = {-9e18, 9e18});
  void operator()(std::string_view name, double& value, std::string_view help,
                  Range range = {-1e300, 1e300});
  void operator()(std::string_view name, std::string& value, std::string_view help,
                  Choices choices = {});
  void operator()(std::string_view name, std::vector<double>& value, std::string_view help);
  void operator()(std::string_view name, std::vector<int64_t>& value, std::string_view help);

  // Adds nested options: their keys become `prefix.name`.
  template <class Options>
  void group(std::string_view prefix, Options& options) {
    const std::string outer = prefix_;
    prefix_ += std::string(prefix) + ".";
    options.fields(*this);
    prefix_ = outer;
  }

  const std::vector<Field>& all() const { return fields_; }
  std::vector<std::string> keys() const;
  const Field* find(std::string_view key) const;  // nullptr when there is none

  // Sets one option. `origin` is where the text came from ("run.toml:3" or "--key") and begins the
  // message of the UserError for an unknown key (with the nearest keys) or an unacceptable value.
  void set(std::string_view key, std::string_view value, std::string_view origin);

  // Sets every key of a TOML file or text. Unknown keys are errors, with line and column.
  void read_toml(std::string_view text, const std::string& name);
  std::string to_toml() const;

  // Lines of "--key VALUE   help (default)", for --help.
  std::string help() const;

 private:
  Field& add(std::string_view name, std::string_view help);
  std::vector<Field> fields_;
  std::string prefix_;
};

// What the words of a command line mean, given its options.
struct Arguments {
  std::vector<std::string> positional;
  bool help = false;
};

// --key value, --key=value, --flag, --no-flag, @run.toml; the rest is positional. Later words win.
// Hyphens in a key stand for underscores.
// Values are stored through `fields`.
Arguments parse_arguments(const std::vector<std::string>& words, Fields& fields);

// The value that `words` (or a file named with @) give to `key`, or `fallback`: a first look, for
// keys that decide which other options exist.
std::string peek_argument(const std::vector<std::string>& words, std::string_view key,
                          std::string_view fallback);
// The same for the text of one TOML file called `name`.
std::string peek_toml(std::string_view text, const std::string& name, std::string_view key,
                      std::string_view fallback);

}  // namespace likewise
