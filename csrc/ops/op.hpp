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
    Context between() const { return {seed, epoch, id, scratch, nullptr, nullptr}; }

    // Memory for the resulting picture of an op, contiguous rows. Nothing may be written behind its end.
    std::uint8_t* target(std::size_t bytes) const { return destination ? destination : scratch.next_image(bytes); }

    Draws draws(std::uint64_t stream) const { return {stream_key(seed, stream), epoch, id}; }
};

// What every op is made with beside its own parameters.
struct Setup {
    Format format;  // of the pictures that it gets
    std::uint64_t stream;  // key of the step's name; random numbers are drawn from it
    double probability;  // share of the pictures that it is applied to
};

// What an op drew for a picture, by name, so that a person can repeat it.
using Explanation = std::vector<std::pair<std::string, Value>>;

class Op {
public:
    explicit Op(const Setup& setup) : setup_(setup) {}
    virtual ~Op() = default;
    Op(const Op&) = delete;
    Op& operator=(const Op&) = delete;

    // The size that a picture of size `input` comes out with; throws std::invalid_argument where that is too large.
    virtual Size output_size(Size input) const { return input; }

    // Whether pictures come out alike where the op is applied to some of them only.
    virtual bool can_be_skipped() const { return true; }

    // Bytes of a value of the result.
    virtual int output_depth() const { return setup_.format.depth; }

    // Whether this picture is one of those that the op is applied to.
    bool applies(const Draws& draws) const {
        return setup_.probability >= 1.0 || draws.uniform(probability_draw()) < setup_.probability;
    }

    // Returns the changed picture, or what stands for it where the op is not applied: the input itself, a part of it, or one in
    // memory of `context.target()`; or one without data, whose rows `context.rows` took.
    Image run(const Image& input, const Context& context) const {
        return applies(context.draws(setup_.stream)) ? apply(input, context) : skip(input, context);
    }

    // Adds the values that were drawn for a picture of size `input`; called where applies(). Numbers of single pixels, such as those
    // of noise, are left out: the key of the stream, epoch and id give them anew.
    virtual void explain(Size input, const Draws& draws, Explanation& found) const {
        (void)input, (void)draws, (void)found;
    }

    // Takes over the work of the op that follows, and the op itself, if it can do both in one. How far the results of both ways may
    // differ is said beside each implementation; where nothing is said they are the same to the bit.
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
    virtual std::uint64_t probability_draw() const { return 0; }

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

// How an op of some name is made.
struct OpKind {
    std::unique_ptr<Op> (*make)(Params& params, const Setup& setup);
    bool sixteen_bits = false;  // whether it takes 16-bit pictures, too
};
using OpKinds = std::map<std::string, OpKind>;

template <typename T>
std::unique_ptr<Op> make_op(Params& params, const Setup& setup) {
    return std::make_unique<T>(params, setup);
}

}  // namespace flowerablate
