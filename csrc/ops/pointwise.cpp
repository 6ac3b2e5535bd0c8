#include "ops/pointwise.hpp"

namespace flowerablate {

bool Pointwise::tables(const Context& context, std::uint8_t* tables) const {
    for (int channel = 0; channel < channels(); ++channel) {
        for (int i = 0; i < kTableSize; ++i) tables[channel * kTableSize + i] = static_cast<std::uint8_t>(i);
    }
    bool changed = false;
    const auto add = [&](const Pointwise& op) {
        const Draws draws = context.draws(op.stream());
        if (!op.applies(draws)) return;
        op.map(draws, tables);
        changed = true;
    };
    add(*this);
    for (const auto& op : following_) add(static_cast<const Pointwise&>(*op));
    return changed;
}

bool Pointwise::absorb(std::unique_ptr<Op>& following) {
    if (!dynamic_cast<const Pointwise*>(following.get())) return false;
    following_.push_back(std::move(following));
    return true;
}

Image Pointwise::apply(const Image& input, const Context& context) const { return look_up(input, context); }

// Those that this op took over may be applied though it is not.
Image Pointwise::skip(const Image& input, const Context& context) const {
    return alone() ? input : look_up(input, context);
}

Image Pointwise::look_up(const Image& input, const Context& context) const {
    std::uint8_t* table = context.scratch.work(0, static_cast<std::size_t>(channels()) * kTableSize);
    if (!tables(context, table)) return input;
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * channels();
    std::uint8_t* target = context.target(bytes(input.size()));
    for (int y = 0; y < input.height; ++y) {
        kernels().color.look_up(input.row(y), target + y * stride, input.width, channels(), table);
    }
    return packed_image(target, input.size(), channels());
}

}  // namespace flowerablate
