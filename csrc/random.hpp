// Keyed random numbers: every draw is a pure function of (seed, stream, epoch, sample id, draw number).
//
// Generator: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011).
//   key of a stream  = the first 64 bits of Philox(counter = (stream low, stream high, 0, 0), key = seed)
//   block b          = Philox(counter = (id low, id high, epoch, b), key = key of the stream): four 32-bit words
//   draw number d    = words (0, 1) of block d / 2 if d is even, words (2, 3) if odd; the first of the two is the low
//                      half. Its upper 53 bits, divided by 2^53, are the uniform number in [0, 1).
//
// Draw 0 of an op decides whether it is applied: where u < probability (random_resized_crop uses draw 40 for that).
// Which other draw is what stands with each op. A new use gets a new number; no number ever changes its meaning.
#pragma once

#include <array>
#include <cstdint>

namespace flowerablate {

using PhiloxBlock = std::array<std::uint32_t, 4>;

inline PhiloxBlock philox4x32_10(PhiloxBlock counter, std::uint32_t key0, std::uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t first = std::uint64_t{0xD2511F53u} * counter[0];
        const std::uint64_t second = std::uint64_t{0xCD9E8D57u} * counter[2];
        counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key0, static_cast<std::uint32_t>(second),
                   static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key1, static_cast<std::uint32_t>(first)};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return counter;
}

inline std::uint64_t stream_key(std::uint64_t seed, std::uint64_t stream) {
    const PhiloxBlock block =
        philox4x32_10({static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32), 0, 0},
                      static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
    return block[0] | std::uint64_t{block[1]} << 32;
}

#if defined(FLOWERABLATE_WATCH_DRAWS)
// The highest number that this thread drew; tests hold it against what ops declare.
inline thread_local std::uint64_t max_draw = 0;
#endif

// The draws of one sample in one epoch from one stream.
class Draws {
public:
    Draws(std::uint64_t key, std::uint32_t epoch, std::uint64_t id) : key_(key), epoch_(epoch), id_(id) {}

    // Draw `number` (below 2^33): uniform in [0, 1), a multiple of 2^-53.
    double uniform(std::uint64_t number) const {
        watch(number);
        const PhiloxBlock block =
            philox4x32_10({static_cast<std::uint32_t>(id_), static_cast<std::uint32_t>(id_ >> 32), epoch_,
                           static_cast<std::uint32_t>(number >> 1)},
                          static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32));
        const unsigned half = number & 1 ? 2 : 0;
        const std::uint64_t word = block[half] | std::uint64_t{block[half + 1]} << 32;
        return static_cast<double>(word >> 11) * 0x1p-53;
    }

    // Draws `number`, which is even, and the next one as uniform numbers in [-1, 1), at the cost of one.
    void symmetric_pair(std::uint64_t number, double* two) const {
        watch(number + 1);
        const PhiloxBlock block =
            philox4x32_10({static_cast<std::uint32_t>(id_), static_cast<std::uint32_t>(id_ >> 32), epoch_,
                           static_cast<std::uint32_t>(number >> 1)},
                          static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32));
        for (unsigned i = 0; i < 2; ++i) {
            const std::uint64_t word = block[2 * i] | std::uint64_t{block[2 * i + 1]} << 32;
            two[i] = 2.0 * (static_cast<double>(word >> 11) * 0x1p-53) - 1.0;
        }
    }

    // Draw `number` as a uniform number in [-1, 1).
    double symmetric(std::uint64_t number) const { return 2.0 * uniform(number) - 1.0; }

private:
    static void watch([[maybe_unused]] std::uint64_t number) {
#if defined(FLOWERABLATE_WATCH_DRAWS)
        if (number > max_draw) max_draw = number;
#endif
    }

    std::uint64_t key_;
    std::uint32_t epoch_;
    std::uint64_t id_;
};

}  // namespace flowerablate
