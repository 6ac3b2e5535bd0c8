#include "ops/noise.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace flowerablate {

PhiloxJob pixel_words(const Context& context, std::uint64_t stream) {
    const std::uint64_t key = stream_key(context.seed, stream);
    return {{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)},
            {static_cast<std::uint32_t>(context.id), static_cast<std::uint32_t>(context.id >> 32), context.epoch}};
}

namespace {

const Bounds kStd{
    .prefix = "std_", .meaning = "the standard deviation, in fractions of the full range", .min = 0, .max = 1};
const Flag kPerChannel{.name = "per_channel", .meaning = "each value is drawn by itself, or whole pixels"};
const Number kAmount{.name = "amount", .meaning = "fraction of the pixels that are replaced", .min = 0, .max = 1};
const Number kSaltShare{.name = "salt_share", .meaning = "fraction of these that become white", .min = 0, .max = 1};

constexpr std::ptrdiff_t kChunk = 4096;  // values that are worked on at once: their words stay in the first-level cache

// Each word three or four times. Four are written at once, so that one more may be written than asked for.
template <typename Word>
void repeat_each(const Word* from, Word* to, std::ptrdiff_t count, int times) {
    for (std::ptrdiff_t i = 0; i < count; ++i, to += times) {
        const Word four[4] = {from[i], from[i], from[i], from[i]};
        std::memcpy(to, four, sizeof four);
    }
}

// Calls use(words, first value, values) for pieces of a row of `count` values, in which value i of the image has word
// i, or every `repeat` of them (1, 3 or 4) share one. `begin` is the number of the row's first value.
template <typename Word, typename Use>
void for_pieces(const PhiloxJob& job, std::int64_t begin, std::ptrdiff_t count, int repeat, Scratch& scratch,
                const Use& use) {
    constexpr std::int64_t per_block = 16 / sizeof(Word);
    Word* const words = scratch.array<Word>(0, kChunk + 2 * per_block);
    Word* const repeated = repeat > 1 ? scratch.array<Word>(1, kChunk) : nullptr;
    const std::ptrdiff_t chunk = kChunk / repeat * repeat;
    for (std::ptrdiff_t done = 0; done < count; done += chunk) {
        const std::ptrdiff_t values = std::min(chunk, count - done);
        const std::int64_t first = (begin + done) / repeat, last = first + values / repeat;
        const std::int64_t block = first / per_block;
        kernels().noise.philox(job, kPixelBlocks + static_cast<std::uint32_t>(block),
                               static_cast<std::ptrdiff_t>((last - 1) / per_block - block + 1),
                               reinterpret_cast<std::uint32_t*>(words));
        const Word* found = words + (first - block * per_block);
        if (repeat > 1) {
            repeat_each(found, repeated, values / repeat, repeat);
            found = repeated;
        }
        use(found, done, values);
    }
}

// Adds noise of a normal distribution, rounded, halves away from zero; see kernels/normal_table.hpp for its accuracy.
class GaussianNoise final : public Op {
public:
    GaussianNoise(Params& params, const Setup& setup)
        : Op(setup), std_(params[kStd]), per_channel_(params[kPerChannel]) {}

    void explain(Size, const Draws& draws, Explanation& found) const override {
        found.emplace_back("std", draw(draws));
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        // |z| * scale >> 15 is the noise in 1/2^shift, with as many bits as 16 hold
        const double standard_deviation = 255.0 * draw(context.draws(stream()));
        int shift = 4;
        while (shift < 14 && std::nearbyint(std::ldexp(standard_deviation, 4 + shift)) <= 32767) ++shift;
        const int scale = static_cast<int>(std::nearbyint(std::ldexp(standard_deviation, 3 + shift)));
        if (scale == 0) return input;
        const PhiloxJob job = pixel_words(context, stream());
        std::uint8_t* target = context.target(bytes(input.size()));
        const bool touching = input.stride == static_cast<std::ptrdiff_t>(input.width) * channels();
        const std::ptrdiff_t row =
            static_cast<std::ptrdiff_t>(input.width) * channels() * (touching ? input.height : 1);
        for (int y = 0; y < (touching ? 1 : input.height); ++y) {
            for_pieces<std::uint16_t>(job, y * row, row, per_channel_ ? 1 : channels(), context.scratch,
                                      [&](const std::uint16_t* words, std::ptrdiff_t first, std::ptrdiff_t count) {
                                          kernels().noise.gaussian(words, input.row(y) + first,
                                                                   target + y * row + first, count, scale, shift);
                                      });
        }
        return packed_image(target, input.size(), channels());
    }

private:
    double draw(const Draws& draws) const { return std_.at(draws.uniform(1)); }

    Interval std_;
    bool per_channel_;
};

// Replaces a fraction of the pixels (or values) by white, in `salt_share` of the cases, or black.
class SaltAndPepper final : public Op {
public:
    SaltAndPepper(Params& params, const Setup& setup) : Op(setup) {
        const double amount = params[kAmount];
        const double salt_share = params[kSaltShare];
        per_channel_ = params[kPerChannel];
        any_ = std::llrint(0x1p32 * amount);
        salt_ = std::llrint(0x1p32 * amount * salt_share);
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (any_ == 0) return input;
        const int white = format().max_value();
        const int first = salt_ ? white : 0;  // without salt, the first kind is pepper as well
        const auto last_first = static_cast<std::uint32_t>(salt_ ? salt_ - 1 : 0);
        const auto last_second = static_cast<std::uint32_t>(any_ - 1);
        const PhiloxJob job = pixel_words(context, stream());
        std::uint8_t* target = context.target(bytes(input.size()));
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(input.width) * channels();
        for (int y = 0; y < input.height; ++y) {
            for_pieces<std::uint32_t>(
                job, y * row, row, per_channel_ ? 1 : channels(), context.scratch,
                [&](const std::uint32_t* words, std::ptrdiff_t begin, std::ptrdiff_t count) {
                    if (format().itemsize == 1) {
                        kernels().noise.replace(words, input.row(y) + begin, target + y * row + begin, count,
                                                last_first, first, last_second, 0);
                    } else {
                        kernels().noise.replace_words(words, input.row16(y) + begin,
                                                      reinterpret_cast<std::uint16_t*>(target) + y * row + begin, count,
                                                      last_first, first, last_second, 0);
                    }
                });
        }
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    std::int64_t any_, salt_;  // of 2^32 words
    bool per_channel_;
};

}  // namespace

void add_noise(OpKinds& kinds) {
    kinds["gaussian_noise"] = {
        .make = make_op<GaussianNoise>, .params = declare(kStd, kPerChannel), .draws = 1, .draws_pixels = true};
    kinds["salt_and_pepper"] = {.make = make_op<SaltAndPepper>,
                                .params = declare(kAmount, kSaltShare, kPerChannel),
                                .draws_pixels = true,
                                .sixteen_bits = SixteenBits::kAll};
    add_erasing(kinds);
}

}  // namespace flowerablate
