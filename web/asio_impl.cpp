// The compiled parts of Boost.Asio and Boost.Beast, once, so that the other files only see declarations.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
