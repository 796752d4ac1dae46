// Pictures as SVG text: shapes, text, and axes with their grids. Places are pixels from the upper left corner. All text is
// escaped, so that a picture is well-formed XML whatever the names in it.
#pragma once

#include <string>
#include <vector>

namespace hyplora {

/// Text as XML and HTML write it, in attributes too. What XML does not allow, control characters and bytes that are no UTF-8,
/// becomes U+FFFD.
std::string escaped(const std::string& text);

struct Place {
  double x, y;
};

/// An axis: values between two places of a picture.
struct Axis {
  enum class Scale { linear, whole, logarithmic };  // whole: linear, with ticks at whole numbers only

  Scale scale;
  double low, high;  // the values at the ends, low < high; logarithmic: above 0
  double from, to;   // the ends' x or y

  /// Values beyond an end are put there, and at the low end what is no number.
  double place(double value) const;
  /// The values to mark: 1, 2 or 5 times a power of ten apart, at most 7. Logarithmic: the powers of ten, and over at
  /// most two of them 2 and 5 times these.
  std::vector<double> ticks() const;
};

/// A tick's value in the fewest characters: 0.5, 200000, 1e-7.
std::string tick_label(double value);

class Svg {
 public:
  /// A white picture of this size; `font_size` in pixels is that of all text.
  Svg(double width, double height, double font_size);

  void line(Place from, Place to, const std::string& colour, double width = 1);
  void polyline(const std::vector<Place>& places, const std::string& colour, double width);
  void circle(Place centre, double radius, const std::string& colour);
  /// `title` is what a browser shows beside the pointer.
  void rect(Place corner, Place opposite, const std::string& colour, const std::string& title = "");
  /// `anchor`: start, middle or end, the part of the text that stands at the place.
  void text(Place place, const std::string& text, const std::string& anchor = "start", const std::string& colour = "black");

  /// Lines up and down at the ticks of a horizontal axis, labels below; lines across for a vertical one, labels on the left
  /// with `unit` behind them.
  void grid_along_x(const Axis& x, double top, double bottom);
  void grid_along_y(const Axis& y, double left, double right, const std::string& unit = "");
  /// A coloured square and its name beside it, `place` being the name's base line; returns the width.
  double legend(Place place, const std::string& name, const std::string& colour);

  std::string document() const;

 private:
  double font_size_;
  std::string drawn_;
};

/// How wide a text is, estimated from above.
double text_width(const std::string& text, double font_size);

}  // namespace hyplora
