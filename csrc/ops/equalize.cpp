// Op "equalize": histogram equalisation. With colours, "luminance" is Y of YCrCb, and a fourth channel is left as it
// is.
#include <algorithm>
#include <cmath>

#include "ops/intensity.hpp"

namespace flowerablate {

namespace {

enum class Formula { kOpenCv, kPillow };
enum class On { kChannels, kLuminance };

const Choice<Formula> kFormula{.name = "formula",
                               .meaning = "whose formula; pillow is for 8 bits only",
                               .choices = {{"opencv", Formula::kOpenCv}, {"pillow", Formula::kPillow}}};
const Choice<On> kOn{.name = "on",
                     .meaning = "each channel by itself, or the luminance",
                     .choices = {{"channels", On::kChannels}, {"luminance", On::kLuminance}}};

// The fraction of the pixels up to and including a value, of all but those of the minimum, times the maximum; in
// float32 as OpenCV has it, halves to even. False where there is one value only, which stays as it is.
template <typename T>
bool opencv_table(const std::uint32_t* counts, int bins, std::uint32_t total, T* table) {
    int first = 0;
    while (counts[first] == 0) ++first;
    if (counts[first] == total) return false;
    const float top = static_cast<float>(bins - 1);
    const float scale = top / static_cast<float>(total - counts[first]);
    std::fill(table, table + first + 1, T{0});
    std::uint32_t sum = 0;
    for (int i = first + 1; i < bins; ++i) {
        sum += counts[i];
        table[i] = static_cast<T>(std::nearbyint(std::min(static_cast<float>(sum) * scale, top)));
    }
    return true;
}

// (pixels below a value + half a step) / step in whole numbers; a step is 1/255 of all pixels but those of the maximum.
// False where the step is 0; the image then stays as it is.
bool pillow_table(const std::uint32_t* counts, std::uint32_t total, std::uint8_t* table) {
    int last = 255;
    while (counts[last] == 0) --last;
    const std::uint32_t step = (total - counts[last]) / 255;
    if (step == 0) return false;
    std::uint32_t sum = step / 2;
    for (int i = 0; i < 256; ++i) {
        table[i] = static_cast<std::uint8_t>(std::min(sum / step, 255u));
        sum += counts[i];
    }
    return true;
}

class Equalize final : public Op {
public:
    Equalize(Params& params, const Setup& setup) : Op(setup) {
        pillow_ = params[kFormula] == Formula::kPillow;
        luminance_ = params[kOn] == On::kLuminance && setup.format.channels > 1;
        if (pillow_ && setup.format.itemsize != 1) {
            params.fail("parameter 'formula' must be 'opencv' for 16-bit images; or put to_8_bits before it");
        }
    }

protected:
    Image apply(const Image& input, const Context& context) const override {
        if (luminance_) return on_luminance(input, context);
        if (format().itemsize == 1) {
            std::uint8_t* tables = context.scratch.work(0, static_cast<std::size_t>(channels()) * 256);
            narrow_tables(input, channels(), context, tables);
            return looked_up(input, channels(), tables, context);
        }
        std::uint16_t* tables = context.scratch.array<std::uint16_t>(0, static_cast<std::size_t>(channels()) * 65536);
        wide_tables(input, channels(), context, tables);
        std::uint8_t* target = context.target(bytes(input.size()));
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * pixel_bytes();
        for (int y = 0; y < input.height; ++y) {
            kernels().intensity.look_up_wide(input.row16(y), reinterpret_cast<std::uint16_t*>(target + y * stride),
                                             input.width, channels(), tables, 65536);
        }
        return packed_image(target, input.size(), pixel_bytes());
    }

private:
    void narrow_tables(const Image& image, int count, const Context& context, std::uint8_t* tables) const {
        const std::uint32_t* counts = histograms(image, count, context.scratch);
        const auto total = static_cast<std::uint32_t>(image.height) * static_cast<std::uint32_t>(image.width);
        for (int c = 0; c < count; ++c, counts += 256, tables += 256) {
            const bool made = pillow_ ? pillow_table(counts, total, tables) : opencv_table(counts, 256, total, tables);
            for (int i = 0; !made && i < 256; ++i) tables[i] = static_cast<std::uint8_t>(i);
        }
    }

    void wide_tables(const Image& image, int count, const Context& context, std::uint16_t* tables) const {
        const std::uint32_t* counts = wide_histograms(image, count, context.scratch);
        const auto total = static_cast<std::uint32_t>(image.height) * static_cast<std::uint32_t>(image.width);
        for (int c = 0; c < count; ++c, counts += 65536, tables += 65536) {
            if (opencv_table(counts, 65536, total, tables)) continue;
            for (int i = 0; i < 65536; ++i) tables[i] = static_cast<std::uint16_t>(i);
        }
    }

    Image on_luminance(const Image& input, const Context& context) const {
        const IntensityKernels& kernel = kernels().intensity;
        const std::size_t itemsize = static_cast<std::size_t>(format().itemsize);
        const std::size_t row_bytes = static_cast<std::size_t>(input.width) * itemsize;
        std::uint8_t* old = context.scratch.work(3, row_bytes * static_cast<std::size_t>(input.height));
        std::uint8_t* fresh = context.scratch.work(4, row_bytes);
        const auto row_of = [&](int y) {
            return PixelsJob{.source = input.row(y),
                             .stride = input.stride,
                             .height = 1,
                             .width = input.width,
                             .channels = channels(),
                             .itemsize = format().itemsize};
        };
        for (int y = 0; y < input.height; ++y)
            kernel.luminance(row_of(y), old + static_cast<std::size_t>(y) * row_bytes);
        const Image plane = packed_image(old, input.size(), format().itemsize);
        std::uint8_t* table = context.scratch.work(0, 65536 * itemsize);
        std::uint16_t* wide_table = reinterpret_cast<std::uint16_t*>(table);
        itemsize == 1 ? narrow_tables(plane, 1, context, table) : wide_tables(plane, 1, context, wide_table);
        std::uint8_t* target = context.target(bytes(input.size()));
        const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(input.width) * pixel_bytes();
        for (int y = 0; y < input.height; ++y) {
            if (itemsize == 1) {
                kernels().color.look_up(plane.row(y), fresh, input.width, 1, table);
            } else {
                kernel.look_up_wide(plane.row16(y), reinterpret_cast<std::uint16_t*>(fresh), input.width, 1, wide_table,
                                    0);
            }
            kernel.relight(row_of(y), plane.row(y), fresh, target + y * stride);
        }
        return packed_image(target, input.size(), pixel_bytes());
    }

    bool pillow_, luminance_;
};

}  // namespace

void add_equalize(OpKinds& kinds) {
    kinds["equalize"] = {
        .make = make_op<Equalize>, .params = declare(kFormula, kOn), .sixteen_bits = SixteenBits::kAll};
}

}  // namespace flowerablate
