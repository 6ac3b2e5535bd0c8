// The least that a test needs: CHECK(condition) ends the program with the place where it failed.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            std::exit(1);                                                                \
        }                                                                                \
    } while (false)

// Whether `call` throws an `Error` whose message holds `text`.
template <typename Error, typename Call>
bool throws(const Call& call, const char* text) {
    try {
        call();
    } catch (const Error& error) {
        const std::string message = error.what();
        if (message.find(text) != std::string::npos) return true;
        std::fprintf(stderr, "another message: %s\n", message.c_str());
    }
    return false;
}
