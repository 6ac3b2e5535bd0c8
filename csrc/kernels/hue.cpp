// Hue, saturation and value. Nothing is rounded to 8 bits before the end.
//
// With value = the maximum of the colours and chroma = maximum - minimum, a colour is value - chroma * wave(hue + n), n
// = 5, 3, 1 for red, green, blue; the hue counts turns of 1/6. So the hue can be turned without a saturation.
#include "kernels/color_loops.hpp"
#include "kernels/pixels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

struct Hue {
    Floats value, chroma, hue;  // hue in [-1, 5]; 0 where there is no chroma
};

FLOWERABLATE_INLINE Hue hue_of(const Colors& in) {
    const Floats value = larger(larger(in.red, in.green), in.blue);
    const Floats chroma = value - smaller(smaller(in.red, in.green), in.blue);
    const Floats one = Floats{} + 1.0f;
    const auto is_red = value == in.red, is_green = value == in.green;
    const Floats difference = is_red ? in.green - in.blue : (is_green ? in.blue - in.red : in.red - in.green);
    const Floats start = is_red ? Floats{} : (is_green ? one + 1.0f : one + 3.0f);
    return {value, chroma, difference / larger(chroma, one) + start};
}

// How much of the chroma a colour lacks, for 0 <= at < 12.
FLOWERABLATE_INLINE Floats wave(Floats at) {
    const Floats turned = at >= 6.0f ? at - 6.0f : at;
    return smaller(larger(smaller(turned, 4.0f - turned), Floats{}), Floats{} + 1.0f);
}

FLOWERABLATE_INLINE Colors color_of(Floats value, Floats chroma, Floats hue, float shift) {
    Floats at = hue + shift;  // in [-4, 8]
    at = at < 0.0f ? at + 6.0f : at;
    at = at >= 6.0f ? at - 6.0f : at;
    return {rounded(value - chroma * wave(at + 5.0f)), rounded(value - chroma * wave(at + 3.0f)),
            rounded(value - chroma * wave(at + 1.0f))};
}

}  // namespace

void turn_hue(const std::uint8_t* source, std::uint8_t* target, int width, int channels, float shift) {
    each_color(source, target, width, channels, [shift](const Colors& in) {
        const Hue found = hue_of(in);
        return color_of(found.value, found.chroma, found.hue, shift);
    });
}

void shift_hsv(const std::uint8_t* source, std::uint8_t* target, int width, int channels, HsvShift shift) {
    each_color(source, target, width, channels, [shift](const Colors& in) {
        const Hue found = hue_of(in);
        const Floats zero{}, full = zero + 255.0f;
        const Floats saturation = found.chroma * 255.0f / larger(found.value, zero + 1.0f);
        const Floats saturated = smaller(larger(saturation + shift.saturation, zero), full);
        const Floats value = smaller(larger(found.value + shift.value, zero), full);
        return color_of(value, value * saturated * (1.0f / 255.0f), found.hue, shift.hue);
    });
}

}  // namespace flowerablate::FLOWERABLATE_ISA
