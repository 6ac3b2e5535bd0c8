// What all operations have in common.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "image.hpp"
#include "params.hpp"
#include "random.hpp"

namespace flowerablate {

// For which sample an op runs, and the memory of the thread that it runs on.
struct Context {
    std::uint64_t seed;
    std::uint32_t epoch;
    std::uint64_t id;
    Scratch& scratch;
    std::uint8_t* destination;  // where the last op of a chain may write its result at once; else null
    RowSink* rows;              // to which the last op of a chain may give all rows instead; else null

    // The same for an op whose result another one goes on with.
    Context between() const {
        return {.seed = seed, .epoch = epoch, .id = id, .scratch = scratch, .destination = nullptr, .rows = nullptr};
    }

    // Memory for the resulting image of an op, contiguous rows. Nothing may be written after its end.
    std::uint8_t* target(std::size_t bytes) const { return destination ? destination : scratch.next_image(bytes); }

    Draws draws(std::uint64_t stream) const { return {stream_key(seed, stream), epoch, id}; }
};

// What every op is made with besides its own parameters.
struct Setup {
    Format format;                       // of the images that it gets
    std::uint64_t stream;                // key of the step's name; random numbers are drawn from it
    double probability;                  // fraction of the images that it is applied to
    std::uint64_t probability_draw = 0;  // that decides it
};

// What an op drew for an image, by name, so that a person can repeat it.
using Explanation = std::vector<std::pair<std::string, Value>>;

class Op {
public:
    explicit Op(const Setup& setup) : setup_(setup) {}
    virtual ~Op() = default;
    Op(const Op&) = delete;
    Op& operator=(const Op&) = delete;

    // The size that an image of size `input` comes out with; throws std::invalid_argument where that is too large.
    virtual Size output_size(Size input) const { return input; }

    // Bytes of a value of the result.
    virtual int output_itemsize() const { return setup_.format.itemsize; }

    // Whether this image is one of those that the op is applied to.
    bool applies(const Draws& draws) const {
        return setup_.probability >= 1.0 || draws.uniform(setup_.probability_draw) < setup_.probability;
    }

    // Returns the changed image, or what stands for it where the op is not applied: the input itself, a part of it, or
    // one in memory of `context.target()`; or one without data, whose rows `context.rows` took.
    Image run(const Image& input, const Context& context) const {
        return applies(context.draws(setup_.stream)) ? apply(input, context) : skip(input, context);
    }

    // Adds the values that were drawn for an image of size `input`; called where applies(). Numbers of single pixels,
    // such as those of noise, are left out: the key of the stream, epoch and id give them anew.
    virtual void explain(Size input, const Draws& draws, Explanation& found) const {
        (void)input, (void)draws, (void)found;
    }

    // Takes over the work of the op that follows, and the op itself, if it can do both in one. How far the results of
    // both ways may differ is said with each implementation; where nothing is said they are the same to the bit.
    virtual bool absorb(std::unique_ptr<Op>& following) {
        (void)following;
        return false;
    }

    std::uint64_t stream() const { return setup_.stream; }
    double probability() const { return setup_.probability; }

protected:
    virtual Image apply(const Image& input, const Context& context) const = 0;
    virtual Image skip(const Image& input, const Context& context) const {
        (void)context;
        return input;
    }

    const Setup& setup() const { return setup_; }
    const Format& format() const { return setup_.format; }
    int channels() const { return setup_.format.channels; }
    int pixel_bytes() const { return setup_.format.pixel_bytes(); }
    std::size_t bytes(Size size) const {
        return static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) *
               static_cast<std::size_t>(setup_.format.pixel_bytes());
    }

private:
    Setup setup_;
};

// Which 16-bit images an op takes, besides all 8-bit ones.
enum class SixteenBits { kNone, kOneChannel, kAll };

// Of which images an op can leave some out: where it makes images of a size or of 8 bits, all have to come out alike.
enum class Skips { kAny, kNone, kOfEightBits };

constexpr int kDrawsBySize = -1;

// An op, declared: how it is made, and what it takes and draws.
struct OpKind {
    // Null for what is done in the last pass of a chain: see normalize.hpp.
    std::unique_ptr<Op> (*make)(Params& params, const Setup& setup) = nullptr;
    ParamList params = {};  // besides kProbability
    // Number of the highest draw, as random.hpp counts them; besides 0, which decides whether the op is applied. 0: the
    // op draws nothing else. What each draw means stands with the op.
    int draws = 0;
    bool draws_pixels = false;  // whether it draws the words of pixels, too
    SixteenBits sixteen_bits = SixteenBits::kNone;
    Skips skips = Skips::kAny;
    std::uint64_t probability_draw = 0;

    bool takes(Format format) const {
        return format.itemsize == 1 || sixteen_bits == SixteenBits::kAll ||
               (sixteen_bits == SixteenBits::kOneChannel && format.channels == 1);
    }
    bool can_skip(Format format) const {
        return skips == Skips::kAny || (skips == Skips::kOfEightBits && format.itemsize == 1);
    }
};
using OpKinds = std::map<std::string, OpKind>;

inline const Number kProbability{.name = "probability",
                                 .meaning = "fraction of the images that the op is applied to",
                                 .min = 0,
                                 .max = 1,
                                 .fallback = 1};

template <typename T>
std::unique_ptr<Op> make_op(Params& params, const Setup& setup) {
    return std::make_unique<T>(params, setup);
}

}  // namespace flowerablate
