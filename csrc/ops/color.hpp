// Operations on the colours of single pixels. The fourth channel of a picture is no colour: all but brightness_contrast leave it
// alone.
#pragma once

#include <string>

#include "ops/pointwise.hpp"

namespace flowerablate {

// Two parameters that bound a drawn number. Where both are equal, it is that number to the bit.
struct Interval {
    double low, high;

    // Reads `<prefix>low` and `<prefix>high`; refuses a low one above the high one.
    static Interval read(Params& params, double lowest, double highest, const std::string& prefix = "");
    // The same for whole numbers.
    static Interval read_whole(Params& params, int lowest, int highest, const std::string& prefix = "");

    double at(double u) const { return low + (high - low) * u; }
    // One of the whole numbers low, low + 1, ..., high, for u in [0, 1).
    int whole_at(double u) const {
        const int first = static_cast<int>(low), last = static_cast<int>(high);
        const int found = first + static_cast<int>(u * (last - first + 1));
        return found < last ? found : last;
    }
};

// How many channels of a picture are colours.
inline int color_count(int channels) { return channels == 4 ? 3 : channels; }

void add_color(OpKinds& kinds);
void add_channels(OpKinds& kinds);  // called by add_color()
void add_jitter(OpKinds& kinds);    // called by add_color()

}  // namespace flowerablate
