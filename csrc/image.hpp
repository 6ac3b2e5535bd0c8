// Images and the memory that a thread keeps for working on them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "simd.hpp"

namespace flowerablate {

struct Size {
    int height, width;
    bool operator==(const Size& other) const { return height == other.height && width == other.width; }
};

// What the values of an image are: how many in a pixel, and how many bytes in each (1: uint8, 2: uint16, native order).
struct Format {
    int channels, itemsize;
    int pixel_bytes() const { return channels * itemsize; }
    int bits() const { return 8 * itemsize; }
    int max_value() const { return itemsize == 1 ? 255 : 65535; }
    bool operator==(const Format& other) const { return channels == other.channels && itemsize == other.itemsize; }
};

// Pixels of some format, channels interleaved. Rows begin `stride` bytes apart. Memory may be read up to
// `readable_end`, which can lie after the last pixel. An image whose rows a RowSink took has no data.
struct Image {
    const std::uint8_t* data;
    int height, width;
    std::ptrdiff_t stride;
    const std::uint8_t* readable_end;
    bool recent;  // whether an op of this chain has just written it, so that it is likely to be in the cache

    Size size() const { return {height, width}; }
    const std::uint8_t* row(int y) const { return data + y * stride; }
    const std::uint16_t* row16(int y) const { return reinterpret_cast<const std::uint16_t*>(row(y)); }
};

// How many pieces of memory all buffers have asked the system for so far.
inline std::atomic<long>& buffer_allocation_count() {
    static std::atomic<long> count{0};
    return count;
}
inline long buffer_allocations() { return buffer_allocation_count().load(std::memory_order_relaxed); }

// Memory that grows and is kept; 64-byte aligned, with kSlack readable and writable bytes after the asked size.
class Buffer {
public:
    std::uint8_t* reserve(std::size_t bytes) {
        const std::size_t wanted = bytes + kSlack;
        if (wanted > capacity_) {
            memory_.reset();
            capacity_ = 0;
            const std::size_t rounded = (wanted + wanted / 4 + 63) / 64 * 64;
            void* fresh = nullptr;
            buffer_allocation_count().fetch_add(1, std::memory_order_relaxed);
            if (posix_memalign(&fresh, 64, rounded) != 0) throw std::bad_alloc();
            memory_.reset(static_cast<std::uint8_t*>(fresh));
            capacity_ = rounded;
        }
        return memory_.get();
    }
    std::size_t capacity() const { return capacity_; }
    void release() {
        memory_.reset();
        capacity_ = 0;
    }

private:
    struct Free {
        void operator()(std::uint8_t* memory) const { std::free(memory); }
    };
    std::unique_ptr<std::uint8_t, Free> memory_;
    std::size_t capacity_ = 0;
};

// What a thread works in: two images that ops write in turn, and working memory of the op that runs.
class Scratch {
public:
    // Returns memory for an image of contiguous rows, other than the one that the previous call gave.
    std::uint8_t* next_image(std::size_t bytes) {
        turn_ ^= 1;
        return images_[turn_].reserve(bytes);
    }
    // Working memory; each slot is a separate piece. Valid until the slot is asked for again.
    std::uint8_t* work(int slot, std::size_t bytes) { return work_[slot].reserve(bytes); }

    template <typename T>
    T* array(int slot, std::size_t count) {
        return reinterpret_cast<T*>(work(slot, count * sizeof(T)));
    }

    // Gives memory back that one exceptionally large image needed.
    void trim(std::size_t limit) {
        for (Buffer& buffer : images_) {
            if (buffer.capacity() > limit) buffer.release();
        }
        for (Buffer& buffer : work_) {
            if (buffer.capacity() > limit) buffer.release();
        }
    }

private:
    static constexpr int kSlots = 16;
    Buffer images_[2];
    Buffer work_[kSlots];
    int turn_ = 0;
};

// An image of contiguous rows in memory that next_image() or work() gave.
inline Image packed_image(const std::uint8_t* data, Size size, int pixel_bytes) {
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(size.width) * pixel_bytes;
    return {.data = data,
            .height = size.height,
            .width = size.width,
            .stride = stride,
            .readable_end = data ? data + stride * size.height + kSlack : nullptr,
            .recent = true};
}

// Copies the rows of an image to `target`, one right after the other.
inline void copy_rows(const Image& input, std::uint8_t* target, int pixel_bytes) {
    const std::size_t bytes = static_cast<std::size_t>(input.width) * static_cast<std::size_t>(pixel_bytes);
    for (int y = 0; y < input.height; ++y, target += bytes) std::memcpy(target, input.row(y), bytes);
}

// Takes the rows of an image, from the first to the last, as soon as they are made: then they need no memory as an
// image, and what is done with them runs while the next rows are worked out.
class RowSink {
public:
    virtual ~RowSink() = default;
    // The row may be read kSlack bytes beyond its end, and only now.
    virtual void take(const std::uint8_t* row) = 0;
};

}  // namespace flowerablate
