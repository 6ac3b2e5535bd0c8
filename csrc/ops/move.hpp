// Flips and affine warps: ops whose results are one lookup each, so that neighbours become a single one.
#pragma once

#include <memory>
#include <vector>

#include "ops/warp.hpp"

namespace flowerablate {

class Move;

// Those moves of a chain that apply to one image, in their order.
struct DrawnMoves {
    Size size;  // of the images that they get and give
    const Move* moves[WarpPath::kMax] = {};
    Affine lookups[WarpPath::kMax] = {};
    int count = 0;
    bool warps = false;  // whether there is any that is more than a flip

    void add(const Move& move, const Context& context);
    // Takes away those flips of left and right that come before any warp, and tells whether they come to one.
    bool take_mirrors();
};

// Moves that follow one another, and may be done in one.
//
// Flips are exact, merged or not. Two warps in one interpolate once instead of twice, so that their result is sharper:
// smooth images (photographs) differ by 1 level on average, noise by more. Constant, edge and reflected borders are
// those of each warp's own image. Warps with the nearest pixel, wrapped borders or different constants are not merged.
class Moves {
public:
    bool empty() const { return moves_.empty(); }
    // Takes `following` if it is a move that can be merged with `first` (null: nothing) and those taken before.
    bool take(const Move* first, std::unique_ptr<Op>& following);
    void draw(const Context& context, DrawnMoves& drawn) const;

private:
    std::vector<std::unique_ptr<Move>> moves_;
};

class Move : public Op {
public:
    using Op::Op;

    // Where pixel (x, y) of the result is looked up in the image.
    virtual Affine lookup(Size size, const Draws& draws) const = 0;

    // How it is sampled; null for a flip, which is exact.
    virtual const Sampling* sampling() const { return nullptr; }

    Size output_size(Size input) const override;
    bool absorb(std::unique_ptr<Op>& following) override { return following_.take(this, following); }

protected:
    Image apply(const Image& input, const Context& context) const override;
    Image skip(const Image& input, const Context& context) const override;

private:
    Moves following_;
};

// A flip across the vertical (left and right) or the horizontal axis (top and bottom). No draws but that of the
// probability.
class Flip final : public Move {
public:
    Flip(const Setup& setup, bool upright) : Move(setup), upright_(upright) {}

    bool upright() const { return upright_; }
    Affine lookup(Size size, const Draws& draws) const override;

private:
    bool upright_;  // whether top and bottom change places
};

// Applies moves to an image, in one go where there is a warp among them.
Image move(const Image& input, DrawnMoves drawn, Format format, const Context& context);

// Applies moves to the part of an image that `crop` looks up, and that ends at `window`: interpolated once.
Image move_cropped(const Image& input, const Affine& crop, const Window& window, const DrawnMoves& drawn, Format format,
                   const Context& context);

}  // namespace flowerablate
