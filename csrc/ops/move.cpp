#include "ops/move.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "ops/geometry.hpp"

namespace flowerablate {

namespace {

// Positions in larger images would not fit their fixed-point numbers after a strong affine map.
constexpr int kMaxMoved = 1 << 20;

Window whole(Size size) { return {0, 0, size.width, size.height}; }

// Adds the stages of all moves to a path, from the last to the first. Returns the map that leads from there to their
// input.
Affine add_stages(const DrawnMoves& drawn, WarpPath& path) {
    Affine pending;
    for (int i = drawn.count - 1; i >= 0; --i) {
        pending = drawn.lookups[i].after(pending);
        if (const Sampling* sampling = drawn.moves[i]->sampling()) {
            path.add({pending, whole(drawn.size), sampling->border});
            pending = {};
        }
    }
    return pending;
}

// The sampling that stands for all: merged ones differ in nothing but the border, and at most one constant.
Sampling common_sampling(const DrawnMoves& drawn) {
    Sampling common{Border::kEdge, Interpolation::kBilinear, 0};
    for (int i = 0; i < drawn.count; ++i) {
        const Sampling* sampling = drawn.moves[i]->sampling();
        if (sampling && (common.border != Border::kConstant || drawn.count == 1)) common = *sampling;
    }
    return common;
}

template <typename T>
void flip_values(const std::uint8_t* source, std::uint8_t* target, int width, int channels) {
    const T* from = reinterpret_cast<const T*>(source) + static_cast<std::ptrdiff_t>(width) * channels;
    T* to = reinterpret_cast<T*>(target);
    for (int x = 0; x < width; ++x, to += channels) {
        from -= channels;
        for (int c = 0; c < channels; ++c) to[c] = from[c];
    }
}

Image flipped(const Image& input, bool mirrored, bool upside_down, Format format, const Context& context) {
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * format.pixel_bytes();
    std::uint8_t* target = context.target(static_cast<std::size_t>(stride * input.height));
    constexpr int kAhead = 8;  // rows
    for (int y = 0; y < input.height; ++y) {
        if (!input.recent && y + kAhead < input.height) {
            const std::uint8_t* ahead = input.row(upside_down ? input.height - 1 - y - kAhead : y + kAhead);
            for (std::ptrdiff_t x = 0; x < stride; x += 64) __builtin_prefetch(ahead + x);
        }
        const std::uint8_t* from = input.row(upside_down ? input.height - 1 - y : y);
        std::uint8_t* to = target + y * stride;
        if (!mirrored) {
            std::memcpy(to, from, static_cast<std::size_t>(stride));
        } else if (format.itemsize == 1) {
            kernels().geometry.flip_row(from, to, input.width, format.channels);
        } else {
            flip_values<std::uint16_t>(from, to, input.width, format.channels);
        }
    }
    return packed_image(target, input.size(), format.pixel_bytes());
}

}  // namespace

void DrawnMoves::add(const Move& move, const Context& context) {
    const Draws draws = context.draws(move.stream());
    if (!move.applies(draws)) return;
    moves[count] = &move;
    lookups[count++] = move.lookup(size, draws);
    warps = warps || move.sampling();
}

bool DrawnMoves::take_mirrors() {
    bool mirrored = false, leading = true;
    int kept = 0;
    for (int i = 0; i < count; ++i) {
        leading = leading && !moves[i]->sampling();
        if (leading && !static_cast<const Flip*>(moves[i])->upright()) {
            mirrored = !mirrored;
            continue;
        }
        moves[kept] = moves[i];
        lookups[kept++] = lookups[i];
    }
    count = kept;
    return mirrored;
}

bool Moves::take(const Move* first, std::unique_ptr<Op>& following) {
    auto* found = dynamic_cast<Move*>(following.get());
    if (!found || static_cast<int>(moves_.size()) + 2 > WarpPath::kMax) return false;
    if (const Sampling* its = found->sampling()) {
        const Sampling exact{Border::kEdge, Interpolation::kBilinear, 0};
        if (!its->merges_with(first && first->sampling() ? *first->sampling() : exact)) return false;
        for (const auto& move : moves_) {
            if (move->sampling() && !its->merges_with(*move->sampling())) return false;
        }
    } else if (first && first->sampling() && !first->sampling()->merges_with(*first->sampling())) {
        return false;
    }
    following.release();
    moves_.emplace_back(found);
    return true;
}

void Moves::draw(const Context& context, DrawnMoves& drawn) const {
    for (const auto& move : moves_) drawn.add(*move, context);
}

Size Move::output_size(Size input) const {
    if (sampling() && (input.height > kMaxMoved || input.width > kMaxMoved)) {
        throw std::invalid_argument("images to be rotated or warped may have at most " + std::to_string(kMaxMoved) +
                                    " pixels in height and width, not " + std::to_string(input.height) + "x" +
                                    std::to_string(input.width));
    }
    return input;
}

Image Move::apply(const Image& input, const Context& context) const {
    DrawnMoves drawn{input.size()};
    drawn.add(*this, context);
    following_.draw(context, drawn);
    return move(input, drawn, format(), context);
}

// Those that this op took over may be applied though it is not.
Image Move::skip(const Image& input, const Context& context) const {
    DrawnMoves drawn{input.size()};
    following_.draw(context, drawn);
    return move(input, drawn, format(), context);
}

Affine Flip::lookup(Size size, const Draws&) const {
    if (upright_) return {1, 0, 0, 0, -1, static_cast<double>(size.height - 1)};
    return {-1, 0, static_cast<double>(size.width - 1), 0, 1, 0};
}

Image move(const Image& input, DrawnMoves drawn, Format format, const Context& context) {
    if (!drawn.warps) {
        const bool mirrored = drawn.take_mirrors(), upside_down = drawn.count % 2 != 0;
        return mirrored || upside_down ? flipped(input, mirrored, upside_down, format, context) : input;
    }
    WarpPath path(common_sampling(drawn));
    const Affine rest = add_stages(drawn, path);
    if (!drawn.moves[0]->sampling()) path.add({rest, whole(input.size()), Border::kEdge});
    return warp(input, input.size(), path, format, context);
}

Image move_cropped(const Image& input, const Affine& crop, const Window& window, const DrawnMoves& drawn, Format format,
                   const Context& context) {
    WarpPath path(common_sampling(drawn));
    const Affine rest = add_stages(drawn, path);
    path.add({crop.after(rest), window, Border::kEdge});
    return warp(input, drawn.size, path, format, context);
}

void add_flips(OpKinds& kinds) {
    kinds["horizontal_flip"] = {
        .make = [](Params&, const Setup& setup) -> std::unique_ptr<Op> { return std::make_unique<Flip>(setup, false); },
        .sixteen_bits = SixteenBits::kAll};
    kinds["vertical_flip"] = {
        .make = [](Params&, const Setup& setup) -> std::unique_ptr<Op> { return std::make_unique<Flip>(setup, true); },
        .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
