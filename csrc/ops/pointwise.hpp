// Operations that map each value by itself, whatever its place. Neighbours in a chain become one table per channel.
#pragma once

#include <vector>

#include "ops/op.hpp"

namespace flowerablate {

constexpr int kTableSize = 256;  // entries of a table, one for each 8-bit value

class Pointwise : public Op {
public:
    using Op::Op;

    // Passes every entry of `tables`, [channels][256], through this op; called where applies().
    virtual void map(const Draws& draws, std::uint8_t* tables) const = 0;

    // Writes the tables, [channels][256], of this op and of those that it took over; false if none of them is applied.
    bool tables(const Context& context, std::uint8_t* tables) const;

    // Whether this op took over none.
    bool alone() const { return following_.empty(); }

    bool absorb(std::unique_ptr<Op>& following) override;

protected:
    Image apply(const Image& input, const Context& context) const override;
    Image skip(const Image& input, const Context& context) const override;

    // Passes all entries through a function of the value and the channel.
    template <typename Function>
    void map_each(std::uint8_t* tables, const Function& function) const {
        for (int channel = 0; channel < channels(); ++channel, tables += kTableSize) {
            for (int i = 0; i < kTableSize; ++i) tables[i] = function(tables[i], channel);
        }
    }

    // The same for the colours, which a fourth channel is none of; `function` of the value alone.
    template <typename Function>
    void map_colors(std::uint8_t* tables, const Function& function) const {
        const int count = (channels() == 4 ? 3 : channels()) * kTableSize;
        for (int i = 0; i < count; ++i) tables[i] = function(tables[i]);
    }

private:
    Image look_up(const Image& input, const Context& context) const;

    std::vector<std::unique_ptr<Op>> following_;
};

}  // namespace flowerablate
