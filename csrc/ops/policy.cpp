#include "ops/policy.hpp"

#include <algorithm>
#include <cmath>

namespace flowerablate {

namespace {

constexpr int kBins = 31;      // magnitudes 0, 1, ..., 30
constexpr int kMaxInARow = 8;  // ops of one image

// What a policy is made of; filled by add_policy().
OpKinds& parts() {
    static OpKinds kinds;
    return kinds;
}

// The part of a space that an entry belongs to; each can be left out, by a parameter of this name.
enum Group { kGeometry, kColor, kSharpness, kHistogram, kAlways };
constexpr int kGroups = kAlways;

// Whether ops of each group are drawn, in the order of `Group`.
const Flag kWanted[kGroups] = {
    {.name = "geometry", .meaning = "whether it draws shears, translations and rotations"},
    {.name = "color", .meaning = "whether it draws brightness, color, contrast, posterize and solarize"},
    {.name = "sharpness", .meaning = "whether it draws sharpness"},
    {.name = "histogram", .meaning = "whether it draws auto_contrast and equalize"},
};
const ParamList& groups() {
    static const ParamList all = declare(kWanted[0], kWanted[1], kWanted[2], kWanted[3]);
    return all;
}
const Integer kOps{.name = "ops", .meaning = "how many ops in a row", .min = 1, .max = kMaxInARow};
const Integer kMagnitude{.name = "magnitude", .meaning = "how strong they are", .min = 0, .max = kBins - 1};

double plain(double magnitude) { return magnitude; }

// How an entry is made: of which op, with which parameters at a magnitude.
struct Entry {
    const char* name;
    Group group;
    const char* op = nullptr;  // or null, for none
    const char* prefix =
        nullptr;                 // of the two parameters `low` and `high` that take the magnitude; null: there is none
    bool has_sign = false;       // whether the magnitude is negative for half of the images
    double first = 0, last = 0;  // what bins 0 and 30 stand for
    double (*value)(double magnitude) = plain;
    ValueMap fixed = {};  // the other parameters
    bool whole = false;   // whether the parameter is a whole number
};

double factor(double magnitude) { return 1.0 + magnitude; }
double degrees_of_slope(double magnitude) { return std::atan(magnitude) * (180.0 / 3.14159265358979323846); }

// The largest magnitudes of a space. Slopes of shears, fractions of the width or height, degrees, changes of a factor
// from 1, bits taken away.
struct Space {
    double shear, translate, rotate, factor, bits;
};
constexpr Space kRandAugment{.shear = 0.3, .translate = 150.0 / 331.0, .rotate = 30.0, .factor = 0.9, .bits = 4.0};
constexpr Space kTrivialAugment{.shear = 0.99, .translate = 32.0 / 224.0, .rotate = 135.0, .factor = 0.99, .bits = 6.0};

std::vector<Entry> entries(const Space& space) {
    const ValueMap black{{"interpolation", std::string("bilinear")}, {"border", std::string("constant")}};
    const auto warp = [&](const char* name, const char* prefix, double max, double (*value)(double)) {
        return Entry{.name = name,
                     .group = kGeometry,
                     .op = "affine",
                     .prefix = prefix,
                     .has_sign = true,
                     .last = max,
                     .value = value,
                     .fixed = black};
    };
    const auto enhance = [&](const char* name, Group group, const char* op) {
        return Entry{.name = name,
                     .group = group,
                     .op = op,
                     .prefix = "",
                     .has_sign = true,
                     .last = space.factor,
                     .value = factor};
    };
    return {
        {.name = "identity", .group = kAlways},
        warp("shear_x", "shear_x_", space.shear, degrees_of_slope),
        warp("shear_y", "shear_y_", space.shear, degrees_of_slope),
        warp("translate_x", "shift_x_", space.translate, plain),
        warp("translate_y", "shift_y_", space.translate, plain),
        warp("rotate", "degrees_", space.rotate, plain),
        enhance("brightness", kColor, "brightness"),
        enhance("color", kColor, "saturation"),
        enhance("contrast", kColor, "contrast"),
        enhance("sharpness", kSharpness, "sharpness"),
        {.name = "posterize",
         .group = kColor,
         .op = "posterize",
         .prefix = "bits_",
         .first = 8.0,
         .last = 8.0 - space.bits,
         .whole = true},
        {.name = "solarize", .group = kColor, .op = "solarize", .prefix = "threshold_", .first = 255.0},
        {.name = "auto_contrast", .group = kHistogram, .op = "min_max", .fixed = {{"per_channel", true}}},
        {.name = "equalize",
         .group = kHistogram,
         .op = "equalize",
         .fixed = {{"formula", std::string("pillow")}, {"on", std::string("channels")}}},
    };
}

// An op with a fixed magnitude, and the value of its parameter; no op leaves the image as it is.
struct Prepared {
    std::unique_ptr<Op> op;
    Value value;
};

// An entry, prepared at all magnitudes that can be drawn: [bin], or [bin][sign] with the positive ones first.
struct Prospect {
    std::string name;
    bool has_magnitude, has_sign;
    std::vector<Prepared> prepared;

    const Prepared& at(int bin, bool negative) const {
        const std::size_t place = has_magnitude ? static_cast<std::size_t>(bin) : 0;
        return prepared[has_sign ? 2 * place + (negative ? 1 : 0) : place];
    }
};

std::unique_ptr<Op> make_part(const Params& owner, const char* name, const ValueMap& values, const Setup& setup) {
    const auto kind = parts().find(name);
    if (kind == parts().end()) owner.fail("it is made of op '" + std::string(name) + "', which this build lacks");
    Params params(std::string("its op ") + name, values, kind->second.params, setup.format);
    std::unique_ptr<Op> op =
        kind->second.make(params, {.format = setup.format, .stream = setup.stream, .probability = 1.0});
    params.finish();
    return op;
}

Prepared prepare(const Params& owner, const Entry& entry, double bin, double sign, const Setup& setup) {
    if (!entry.op) return {nullptr, {}};
    ValueMap values = entry.fixed;
    Value value;
    if (entry.prefix) {
        const double fraction = bin / (kBins - 1);
        const double magnitude = entry.value(sign * (entry.first + (entry.last - entry.first) * fraction));
        value = entry.whole ? Value{static_cast<std::int64_t>(std::llrint(magnitude))} : Value{magnitude};
        values[entry.prefix + std::string("low")] = value;
        values[entry.prefix + std::string("high")] = value;
    }
    return {make_part(owner, entry.op, values, setup), value};
}

// What both policies share: a list of prospects, and ops drawn from it that are applied one after the other.
class Policy : public Op {
public:
    void explain(Size, const Draws& draws, Explanation& found) const override {
        for (int i = 0; i < count_; ++i) {
            const Drawn drawn = draw(draws, i);
            const std::string number = count_ == 1 ? "" : std::to_string(i + 1);
            found.emplace_back("op" + number, drawn.prospect->name);
            if (drawn.prospect->has_magnitude) found.emplace_back("value" + number, drawn.prepared->value);
        }
    }

protected:
    struct Drawn {
        const Prospect* prospect;
        const Prepared* prepared;
    };

    // `bins`: the magnitudes that can be drawn.
    Policy(Params& params, const Setup& setup, const Space& space, int count, const std::vector<int>& bins)
        : Op(setup), count_(count) {
        bool wanted[kGroups];
        for (int group = 0; group < kGroups; ++group) wanted[group] = params[kWanted[group]];
        for (const Entry& entry : entries(space)) {
            if (entry.group != kAlways && !wanted[entry.group]) continue;
            Prospect prospect{entry.name, entry.prefix != nullptr, entry.has_sign, {}};
            for (int bin : entry.prefix ? bins : std::vector<int>{0}) {
                prospect.prepared.push_back(prepare(params, entry, bin, 1.0, setup));
                if (entry.has_sign) prospect.prepared.push_back(prepare(params, entry, bin, -1.0, setup));
            }
            prospects_.push_back(std::move(prospect));
        }
    }

    // Op number `i` of an image.
    virtual Drawn draw(const Draws& draws, int i) const = 0;

    const Prospect& pick(double u) const {
        const std::size_t place = static_cast<std::size_t>(u * static_cast<double>(prospects_.size()));
        return prospects_[std::min(place, prospects_.size() - 1)];
    }

    Image apply(const Image& input, const Context& context) const override {
        const Draws draws = context.draws(stream());
        const Op* ops[kMaxInARow];
        int used = 0;
        for (int i = 0; i < count_; ++i) {
            const Op* op = draw(draws, i).prepared->op.get();
            if (op) ops[used++] = op;
        }
        const Context between = context.between();
        Image image = input;
        for (int i = 0; i < used; ++i) {
            image = ops[i]->run(image, i + 1 == used ? context : between);
        }
        return image;
    }

private:
    int count_;
    std::vector<Prospect> prospects_;
};

// RandAugment (Cubuk et al. 2020): `ops` ops of one fixed magnitude.
// Draws of op i = 0, 1, ...: 2i + 1: which op; 2i + 2: negative where u >= 0.5.
class RandAugment final : public Policy {
public:
    RandAugment(Params& params, const Setup& setup)
        : Policy(params, setup, kRandAugment, params[kOps], {params[kMagnitude]}) {}

protected:
    Drawn draw(const Draws& draws, int i) const override {
        const auto first = static_cast<std::uint64_t>(2 * i);
        const Prospect& prospect = pick(draws.uniform(first + 1));
        return {&prospect, &prospect.at(0, draws.uniform(first + 2) >= 0.5)};
    }
};

// TrivialAugment (Müller and Hutter 2021), wide space: one op of a magnitude that is drawn, too.
// Draws: 1: which op; 2: which magnitude; 3: negative where u >= 0.5.
class TrivialAugment final : public Policy {
public:
    TrivialAugment(Params& params, const Setup& setup) : Policy(params, setup, kTrivialAugment, 1, all_bins()) {}

protected:
    Drawn draw(const Draws& draws, int) const override {
        const Prospect& prospect = pick(draws.uniform(1));
        const int bin = std::min(kBins - 1, static_cast<int>(draws.uniform(2) * kBins));
        return {&prospect, &prospect.at(bin, draws.uniform(3) >= 0.5)};
    }

private:
    static std::vector<int> all_bins() {
        std::vector<int> bins(kBins);
        for (int bin = 0; bin < kBins; ++bin) bins[static_cast<std::size_t>(bin)] = bin;
        return bins;
    }
};

}  // namespace

void add_policy(OpKinds& kinds) {
    parts() = kinds;
    kinds["rand_augment"] = {
        .make = make_op<RandAugment>, .params = declare(kOps, kMagnitude, groups()), .draws = 2 * kMaxInARow};
    kinds["trivial_augment"] = {.make = make_op<TrivialAugment>, .params = groups(), .draws = 3};
}

}  // namespace flowerablate
