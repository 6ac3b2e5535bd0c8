// Philox against the known answers of Random123, and the range of draws.
#include "random.hpp"

#include "check.hpp"

using namespace flowerablate;

int main() {
    const PhiloxBlock zeros = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
    CHECK(philox4x32_10({0, 0, 0, 0}, 0, 0) == zeros);
    const PhiloxBlock ones = {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu};
    CHECK(philox4x32_10({~0u, ~0u, ~0u, ~0u}, ~0u, ~0u) == ones);
    const PhiloxBlock pi = {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u};
    CHECK(philox4x32_10({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, 0xa4093822u, 0x299f31d0u) == pi);

    double sum = 0.0;
    for (std::uint64_t number = 0; number < 10000; ++number) {
        const double drawn = Draws(stream_key(1, 2), 3, 4).uniform(number);
        CHECK(drawn >= 0.0 && drawn < 1.0);
        sum += drawn;
    }
    CHECK(sum > 4900 && sum < 5100);
    CHECK(Draws(stream_key(1, 2), 3, 4).uniform(5) == Draws(stream_key(1, 2), 3, 4).uniform(5));
    CHECK(stream_key(1, 2) != stream_key(2, 1));
    return 0;
}
