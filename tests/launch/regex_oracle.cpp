// Reads lines "pattern<TAB>name", writes "x" (std::regex refuses the pattern), "1" (found) or "0".
// Build: c++ -std=c++17 -O1 regex_oracle.cpp -o regex_oracle
#include <iostream>
#include <regex>
#include <string>

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        const auto tab = line.find('\t');
        const std::string pattern = line.substr(0, tab), name = line.substr(tab + 1);
        try {
            std::cout << (std::regex_search(name, std::regex(pattern)) ? "1" : "0") << '\n';
        } catch (const std::regex_error &) {
            std::cout << "x\n";
        }
    }
}
