// Operations that mix or move whole channels. A fourth channel stays where it is; images of one channel stay as they
// are.
#include <algorithm>

#include "ops/color.hpp"

namespace flowerablate {

namespace {

// An op that takes each row by itself and leaves grey images alone.
class RowOp : public Op {
public:
    using Op::Op;

protected:
    template <typename Change>
    Image each_row(const Image& input, const Context& context, const Change& change) const {
        if (channels() == 1) return input;
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
        std::uint8_t* target = context.target(bytes(input.size()));
        for (int y = 0; y < input.height; ++y) change(input.row(y), target + y * stride);
        return packed_image(target, input.size(), channels());
    }

    Image reordered(const Image& input, const Context& context, const int* order) const {
        return each_row(input, context, [&](const std::uint8_t* source, std::uint8_t* target) {
            kernels().color.reorder(source, target, input.width, channels(), order);
        });
    }
};

// All colours become the luminance, OpenCV's RGB2GRAY to the bit: (9798 R + 19235 G + 3735 B + 16384) >> 15.
class Grey final : public RowOp {
public:
    Grey(Params&, const Setup& setup) : RowOp(setup) {}

protected:
    Image apply(const Image& input, const Context& context) const override {
        return each_row(input, context, [&](const std::uint8_t* source, std::uint8_t* target) {
            kernels().color.grey(source, target, input.width, channels());
        });
    }
};

const Integer kChannel{.name = "channel",
                       .meaning = "number of the colour: 0 red, 1 green, 2 blue",
                       .min = 0,
                       .max = 2,
                       .max_of = MaxOf::kColors};

// All colours become one of them.
class SingleChannel final : public RowOp {
public:
    SingleChannel(Params& params, const Setup& setup) : RowOp(setup), channel_(params[kChannel]) {}

protected:
    Image apply(const Image& input, const Context& context) const override {
        const int order[3] = {channel_, channel_, channel_};
        return reordered(input, context, order);
    }

private:
    int channel_;
};

// The colours change places. Draw 1: which of the six orders, in the order of a dictionary; the first one changes
// nothing.
class ChannelShuffle final : public RowOp {
public:
    ChannelShuffle(Params&, const Setup& setup) : RowOp(setup) {}

    // `order`: which channel each one of the result is.
    void explain(Size, const Draws& draws, Explanation& found) const override {
        const int* order = drawn(draws);
        if (channels() == 1) return;
        found.emplace_back("order", std::vector<double>(order, order + 3));
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        return reordered(input, context, drawn(context.draws(stream())));
    }

private:
    static const int* drawn(const Draws& draws) {
        static constexpr int kOrders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        return kOrders[std::min(5, static_cast<int>(draws.uniform(1) * 6.0))];
    }
};

}  // namespace

void add_channels(OpKinds& kinds) {
    kinds["grey"] = {.make = make_op<Grey>};
    kinds["single_channel"] = {.make = make_op<SingleChannel>, .params = declare(kChannel)};
    kinds["channel_shuffle"] = {.make = make_op<ChannelShuffle>, .draws = 1};
}

}  // namespace flowerablate
