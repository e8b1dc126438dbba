// The stand-in for DuckDB's extension autocomplete; see slim.go. The classes
// are declared as DuckDB 1.5 declares them in duckdb/main/extension.hpp, as far
// as the layout of their virtual functions goes.
#include <string>

namespace duckdb {

class ExtensionLoader;

class Extension {
public:
	virtual ~Extension();
	virtual void Load(ExtensionLoader &loader) = 0;
	virtual std::string Name() = 0;
	virtual std::string Version() const;
};

class AutocompleteExtension : public Extension {
public:
	void Load(ExtensionLoader &loader) override;
	std::string Name() override;
	std::string Version() const override;
};

void AutocompleteExtension::Load(ExtensionLoader &) {
}

std::string AutocompleteExtension::Name() {
	return "autocomplete";
}

std::string AutocompleteExtension::Version() const {
	return "";
}

} // namespace duckdb
