// What gradients, hats and work on the luminance do with the results of erosion and dilation.
#include "kernels/kernels.hpp"

namespace flowerablate::FLOWERABLATE_ISA {

namespace {

template <typename Value>
void subtract_typed(const std::uint8_t* one, const std::uint8_t* other, std::uint8_t* target, std::ptrdiff_t count) {
    const Value* a = reinterpret_cast<const Value*>(one);
    const Value* b = reinterpret_cast<const Value*>(other);
    Value* to = reinterpret_cast<Value*>(target);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        to[i] = static_cast<Value>((a[i] > b[i] ? a[i] : b[i]) - b[i]);
    }
}

template <typename Value>
void add_change_typed(const Value* source, const Value* before, const Value* after, Value* target, int width,
                      int channels) {
    constexpr int kMax = sizeof(Value) == 1 ? 255 : 65535;
    for (int x = 0; x < width; ++x, source += channels, target += channels) {
        const int change = after[x] - before[x];
        for (int c = 0; c < channels; ++c) {
            target[c] = c == 3 ? source[c] : static_cast<Value>(min_int(max_int(source[c] + change, 0), kMax));
        }
    }
}

}  // namespace

void subtract(const std::uint8_t* one, const std::uint8_t* other, std::uint8_t* target, std::ptrdiff_t bytes,
              int itemsize) {
    if (itemsize == 1) return subtract_typed<std::uint8_t>(one, other, target, bytes);
    subtract_typed<std::uint16_t>(one, other, target, bytes / 2);
}

void add_change(const std::uint8_t* source, const std::uint8_t* before, const std::uint8_t* after, std::uint8_t* target,
                int width, int channels, int itemsize) {
    if (itemsize == 1) return add_change_typed(source, before, after, target, width, channels);
    const auto words = [](const std::uint8_t* from) { return reinterpret_cast<const std::uint16_t*>(from); };
    add_change_typed(words(source), words(before), words(after), reinterpret_cast<std::uint16_t*>(target), width,
                     channels);
}

}  // namespace flowerablate::FLOWERABLATE_ISA
